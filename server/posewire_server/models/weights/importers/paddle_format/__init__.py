"""Paddle inference programs and state dicts."""
