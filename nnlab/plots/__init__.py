"""Figures of runs and sweeps: one file per kind."""
