"""Instances over the frames of a stream: who is who, smoothed, and short gaps filled."""
