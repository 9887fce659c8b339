"""Answers of upstreams as odd as servers make them, and readers of what callers get, which know
nothing of the product's own."""
