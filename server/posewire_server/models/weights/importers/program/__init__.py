"""A Paddle inference program, built operation by operation."""
