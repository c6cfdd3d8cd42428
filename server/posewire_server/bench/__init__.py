"""The numbers the README shows, measured: one module for each of their groups."""
