"""Fetching what somebody else names: pages and files of the outside, and no way inside."""
