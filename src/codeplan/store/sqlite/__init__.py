"""The store for one machine: SQLite, one process, one writer that groups commits."""
