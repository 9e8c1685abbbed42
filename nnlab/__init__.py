"""nnlab: the command-line lab for neural networks on MNIST."""

__version__ = "0.1.0"
