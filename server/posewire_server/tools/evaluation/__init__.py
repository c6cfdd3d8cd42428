"""Scoring of models on labelled pictures.

How figures come about, the same for every model, so that they compare:

- A pose is of the labelled instance whose keypoints' box it overlaps most, see ``matching``; a
  model that is given the labelled boxes answers with one pose for each.
- Keypoints of the labels that the model does not know are left out; those it knows and did not find
  are wrong in shares (PCK, PCKh, AUC). Means of distances (NME, EPE) are of what was found, and
  ``found`` says how much that is.
- Labels that a model made are never scored.
"""
