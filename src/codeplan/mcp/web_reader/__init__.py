"""The web reader: a page's main part as text."""
