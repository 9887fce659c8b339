"""Doors to the models: connections, credentials, time-outs. Decides nothing."""
