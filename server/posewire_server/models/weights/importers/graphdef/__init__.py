"""TensorFlow GraphDef and TensorFlow.js networks."""
