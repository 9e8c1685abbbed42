"""environment.json: the software and the machine that made a run."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_info

import nnlab
from nnlab.files import printable
from nnlab.training.threads import MOST_THREADS

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Environment:
    """The keys of environment.json."""

    nnlab: str
    python: str
    numpy: str
    blas: list[dict[str, Any]]  # each library: its name, version, kernel (architecture) and threads
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)]  # the number that shared large steps
    platform: str
    processor: str
    dataset: dict[str, str]  # file -> SHA-256
    command: list[str]  # the words of the command that made the run


def describe(*, threads: int, digests: dict[str, str], command: Sequence[str] = ()) -> Environment:
    """Return the environment of this process, which uses dataset files with these `digests`."""
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
        command=[printable(word) for word in command],
    )
