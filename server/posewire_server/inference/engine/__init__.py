"""Engines: the predictor and its self-check."""
