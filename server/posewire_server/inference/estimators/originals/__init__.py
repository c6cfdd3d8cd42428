"""Estimators for the original networks of PaddleHub and OpenPose."""
