"""Networks whose published weights are a state dictionary alone."""
