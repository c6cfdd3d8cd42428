"""Commands, media, evaluation and benchmarks."""
