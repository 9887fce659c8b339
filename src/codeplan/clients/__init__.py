"""The coding tools that call us: recognise, tell turns apart, refuse, set up. Pure.

A new client is an entry in ``entries.toml``; where data cannot say it, one file here and a line in
``registry.py``.
"""
