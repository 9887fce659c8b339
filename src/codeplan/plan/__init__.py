"""What a plan grants and how its use is counted. Pure: values in, values out."""
