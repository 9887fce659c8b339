"""Payment providers, one file each, behind one interface. They know no order and no account."""
