"""Packets of compressed video to pictures, one decoder a stream."""
