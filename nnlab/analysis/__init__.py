"""Evaluation of a run on a split, and comparison of runs."""
