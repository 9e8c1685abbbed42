"""Digits in pictures of any kind: found, and prepared as MNIST prepared its own."""
