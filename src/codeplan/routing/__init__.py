"""Where a call goes: a model's routes, in order, and what a tiny model is given."""
