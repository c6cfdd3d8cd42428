"""Estimators for the original networks of PaddleHub and OpenPose, which users import."""
