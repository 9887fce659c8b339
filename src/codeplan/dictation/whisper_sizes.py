"""What `[speech] model` may name of Whisper: its sizes, and the one that wheels carry. No import of
the library: a configuration is checked without it."""

# The extra ``speech`` brings it: Whisper base, for trying.
CARRIED = "embedded"
# As faster-whisper names what its hub has.
SIZES = (
    "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en", "large",
    "large-v1", "large-v2", "large-v3", "large-v3-turbo", "turbo", "distil-small.en",
    "distil-medium.en", "distil-large-v2", "distil-large-v3", "distil-large-v3.5",
)  # fmt: skip
