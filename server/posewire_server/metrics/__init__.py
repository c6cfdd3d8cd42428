"""Prometheus metrics of the server and of its workers."""
