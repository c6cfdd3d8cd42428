"""Decoders: output arrays of a network to poses."""
