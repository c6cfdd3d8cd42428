"""State of one stream, from its frames to their outcomes, and the dispatcher; no gRPC here."""
