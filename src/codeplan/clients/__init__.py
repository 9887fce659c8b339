"""The coding tools that call us, one file each: recognise, tell turns apart, refuse. Pure.

A new client is one new file here and one line in ``known.py``.
"""
