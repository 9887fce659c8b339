"""Money as double entries: postings that sum to zero, and balances that are their sums. Pure."""
