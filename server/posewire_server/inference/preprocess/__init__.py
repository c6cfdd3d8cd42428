"""Pixels to the input of a network, and coordinates back."""
