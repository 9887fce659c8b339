"""Looking at pictures and videos for models that have no eyes."""
