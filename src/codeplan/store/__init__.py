"""What is kept, behind one small Protocol a concern (base.py). An engine is a folder beside it."""
