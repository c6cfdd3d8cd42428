"""Benchmarks of the installed server: one module a group."""
