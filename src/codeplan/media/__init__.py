"""Pictures, videos and sounds that people send: what they are, and safe ways to open them."""
