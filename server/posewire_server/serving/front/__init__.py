"""Front of several worker processes: one address, each stream proxied to one worker."""
