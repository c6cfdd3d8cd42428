"""Worker processes: started, watched and replaced; no gRPC here."""
