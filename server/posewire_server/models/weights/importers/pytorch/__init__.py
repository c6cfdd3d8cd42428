"""PyTorch state dicts."""
