"""Plots of runs and sweeps: one file per kind, each with a figure and with pieces for the terminal."""
