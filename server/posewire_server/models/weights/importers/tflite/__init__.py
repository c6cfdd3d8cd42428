"""TensorFlow Lite networks."""
