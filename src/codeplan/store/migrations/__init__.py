"""Schema migrations: dated, forward only, one folder an engine. A file that was released is never
changed."""
