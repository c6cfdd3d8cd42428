"""Slow, literal NumPy references for the decoders of other systems."""
