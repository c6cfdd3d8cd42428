"""Specs of networks and models, as plain data."""
