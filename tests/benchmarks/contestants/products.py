"""The limit: the matrix products of a step and nothing else, each in its fastest layout."""

from __future__ import annotations

import time
from itertools import pairwise, product

import numpy as np
from threadpoolctl import threadpool_limits

PACKAGES = ("numpy",)


def prepare(workload, inputs, labels, parameters, threads):
    """See `contestants`."""
    threadpool_limits(threads, user_api="blas")
    batch_size = workload.batch_size
    products = []
    for layer, (fan_in, fan_out) in enumerate(pairwise(workload.architecture)):
        products.append(fastest(fan_out, fan_in, batch_size))  # z = W x
        products.append(fastest(fan_out, batch_size, fan_in))  # dC/dW = δ xᵀ
        if layer:
            products.append(fastest(fan_in, fan_out, batch_size))  # Wᵀ δ

    def epoch(seed):
        for _ in range(0, len(inputs), batch_size):
            for left, right, out in products:
                np.dot(left, right, out=out)

    return epoch, lambda: None


def fastest(rows, inner, columns):
    """Return operands and result of a product in the order of memory that takes the least time."""
    candidates = [
        operands(rows, inner, columns, *transposed) for transposed in product((False, True), repeat=3)
    ]
    repetitions = max(1, 20_000_000 // (rows * inner * columns))
    seconds = [[timed(candidate, repetitions) for candidate in candidates] for _ in range(5)]
    return candidates[int(np.min(seconds, axis=0).argmin())]


def operands(rows, inner, columns, left_transposed, right_transposed, result_transposed):
    """Return left, right and out for np.dot; the result transposed is (right)ᵀ (left)ᵀ."""
    rng = np.random.default_rng(0)

    def matrix(height, width, transposed):
        shape = (width, height) if transposed else (height, width)
        array = rng.random(shape, dtype=np.float32)
        return array.T if transposed else array

    left, right = matrix(rows, inner, left_transposed), matrix(inner, columns, right_transposed)
    if result_transposed:
        return right.T, left.T, np.empty((columns, rows), np.float32)
    return left, right, np.empty((rows, columns), np.float32)


def timed(candidate, repetitions):
    """Return the seconds that the product takes so many times over."""
    left, right, out = candidate
    began = time.perf_counter()
    for _ in range(repetitions):
        np.dot(left, right, out=out)
    return time.perf_counter() - began
