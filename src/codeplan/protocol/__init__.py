"""Wire formats and the common form between them. Pure: bytes in, values out, and back.

Each format has the same files: outline (what a call says of itself), request, answer, stream,
watch (usage beside passing bytes), errors. Formats do not know each other.
"""
