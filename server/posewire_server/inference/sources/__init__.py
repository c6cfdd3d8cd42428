"""Sources of frames to pixels, and pixels to what networks take."""
