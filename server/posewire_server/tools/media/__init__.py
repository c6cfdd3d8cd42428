"""What commands read, ask and write: sources, detectors, drawings, reports."""
