"""What is counted and measured while serving, for Prometheus."""
