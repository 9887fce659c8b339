"""The command line. Every command takes --json, and then prints one JSON value and nothing else
on standard output; what goes wrong goes to standard error with exit status 1 or 2."""

from codeplan.cli.root import main

__all__ = ["main"]
