"""From the source of a frame to its poses."""
