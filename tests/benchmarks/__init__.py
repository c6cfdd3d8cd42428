"""Benchmarks: one module a group, each with its figures and their targets."""

from pathlib import Path

# Labelled pictures and videos beside the project; what needs them is left out without them.
SHARED = Path(__file__).resolve().parents[3] / "shared"
