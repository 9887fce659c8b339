"""Small parts that know no noun of ours: clock, ids, secrets. At most ten files."""
