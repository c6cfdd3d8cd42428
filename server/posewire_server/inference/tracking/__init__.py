"""Instances over the frames of a stream: ids, smoothing, and short gaps filled in."""
