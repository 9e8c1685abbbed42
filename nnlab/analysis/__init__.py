"""What is read off finished runs: evaluation on a split, comparison of runs."""
