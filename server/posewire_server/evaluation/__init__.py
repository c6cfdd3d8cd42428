"""Scoring of models on labelled pictures."""
