"""The mathematics of multilayer perceptrons. Files, configs and random numbers are left to the caller."""

from nnlab.network.activations import ACTIVATIONS, Activation, Array
from nnlab.network.backpropagation import Backpropagation
from nnlab.network.blocks import Share, Task, one_by_one
from nnlab.network.dropout import Dropout, Masks
from nnlab.network.gradient_check import ArrayCheck, check_gradients
from nnlab.network.initialisers import INITIALISERS, initialise
from nnlab.network.network import Network, number_of_parameters, number_of_weights
from nnlab.network.outputs import LOSS_OF_A_GUESS, OUTPUTS, Output
from nnlab.network.scaling import UNSCALED, Scaling

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "LOSS_OF_A_GUESS",
    "OUTPUTS",
    "UNSCALED",
    "Activation",
    "Array",
    "ArrayCheck",
    "Backpropagation",
    "Dropout",
    "Masks",
    "Network",
    "Output",
    "Scaling",
    "Share",
    "Task",
    "check_gradients",
    "initialise",
    "number_of_parameters",
    "number_of_weights",
    "one_by_one",
]
