"""Search engines, one file each behind one interface."""
