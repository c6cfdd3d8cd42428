"""How networks are put together to find keypoints: one module for each kind of model."""
