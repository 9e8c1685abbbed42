"""Sweeps: many trainings of one config, with other values and seeds, in processes or on a cluster.

The run folder is the database. A trial is an ordinary run in RUNS/SWEEP/, called by the digest of its setting
and its seed. What is done, interrupted or missing is read from there whenever a sweep starts.
"""
