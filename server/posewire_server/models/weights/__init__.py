"""The cache of weights, and how weights get into it."""
