"""What people run: commands, media, evaluation."""
