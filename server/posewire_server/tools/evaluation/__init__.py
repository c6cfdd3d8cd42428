"""Scoring of models on labelled pictures.

Every model is scored in the same way:

- A pose belongs to the labelled instance whose keypoints' box it overlaps most, see ``distance``; a
  model that is given the labelled boxes returns one pose for each.
- Keypoints of the labels that the model does not have are left out. Those it has and did not find
  are wrong in shares (PCK, PCKh, AUC). Means of distances (NME, EPE) are over what was found, and
  ``found`` is the share of it.
- Labels that a model made are never scored.
"""
