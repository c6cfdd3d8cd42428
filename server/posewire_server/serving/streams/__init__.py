"""One stream from its frames to its outcomes, and the turns that streams take; no gRPC here."""
