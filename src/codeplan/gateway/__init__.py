"""The addresses that coding tools call. exchange.py tells the story of one call, top to bottom."""
