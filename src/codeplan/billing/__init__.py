"""An account's money: its balance, and what an operator puts into it."""
