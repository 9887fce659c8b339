"""Web search, under both names that GLM's clients know."""
