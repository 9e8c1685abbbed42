"""environment.json: with what a run was made."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_info

import nnlab
from nnlab.files import printable


@dataclass(frozen=True)
class Environment:
    """The keys of environment.json."""

    nnlab: str
    python: str
    numpy: str
    blas: list[dict[str, Any]]  # each library: its name, version, kernel (architecture) and threads
    threads: Annotated[int, Field(ge=1, le=4096)]  # that the matrix products were given
    platform: str
    processor: str
    dataset: dict[str, str]  # file -> SHA-256
    command: list[str]


def describe(*, threads: int, digests: dict[str, str]) -> Environment:
    """Return the environment of this process, which uses files with these `digests`."""
    return Environment(
        nnlab=nnlab.__version__,
        python=platform.python_version(),
        numpy=np.__version__,
        blas=[
            {
                "library": library["internal_api"],
                "version": library["version"],
                "kernel": library.get("architecture"),
                "threads": library["num_threads"],
            }
            for library in threadpool_info()
            if library["user_api"] == "blas"
        ],
        threads=threads,
        platform=platform.platform(),
        processor=platform.machine(),
        dataset=digests,
        command=["nnlab", *map(printable, sys.argv[1:])],
    )
