"""Speech to text, and the text to another one: the reference of what a benefit may be."""
