"""Accounts and their keys: who is calling."""
