"""Sources of frames, detectors, annotated output and statistics."""
