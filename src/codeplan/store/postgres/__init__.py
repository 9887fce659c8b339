"""The store for any number of nodes: PostgreSQL 15 or newer, by asyncpg."""
