"""posewire: stream video frames to a key-point server, get poses back."""
