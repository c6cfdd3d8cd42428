"""The context of a frame in flight, and the queue for its turn."""
