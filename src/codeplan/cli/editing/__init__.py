"""Changing other programs' configuration files: only what must change, with a way back."""
