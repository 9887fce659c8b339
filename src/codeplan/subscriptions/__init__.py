"""Subscriptions: which plan an account holds, as it was bought, and until when."""
