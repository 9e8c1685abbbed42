"""Tortures nnlab and reports the results: `python -m tests.torture [HARNESS …] [--seed N] [--count N]`.

A harness is a module beside this one with a function `torture(folder, *, seed, count)`: it makes trouble
`count` times in the empty `folder`, returns its figures as one line, and raises `AssertionError` with the
case (and what makes it again) when a promise in docs/explanation/promises.md breaks.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.command import Skipped

# How often each makes trouble in full.
COUNTS = {
    "kills": 120,
    "system_calls": 1000,
    "power_loss": 5000,
    "places": 2000,
    "disks": 120,
    "races": 35,
    "checkpoints": 4000,
    "records": 1500,
    "configs": 1500,
    "dataset_files": 700,
    "downloads": 150,
    "extremes": 1200,
    "sweeps": 64,
}


def main() -> None:
    """Run the named harnesses one after another; stop at the first broken promise."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], prog="python -m tests.torture")
    parser.add_argument(
        "harnesses", nargs="*", metavar="HARNESS", help=f"of {', '.join(COUNTS)}; default: all"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, help="how often each makes trouble; default: in full")
    options = parser.parse_args()
    if unknown := set(options.harnesses) - set(COUNTS):
        parser.error(f"no harness {', '.join(sorted(unknown))}; there are {', '.join(COUNTS)}")
    names = options.harnesses or list(COUNTS)
    if len(names) > 1:  # each in a process of its own, lest one take the memory of another for its own
        count = [] if options.count is None else ["--count", str(options.count)]
        for name in names:
            command = [sys.executable, "-m", "tests.torture", name, "--seed", str(options.seed), *count]
            if code := subprocess.run(command, check=False).returncode:
                sys.exit(code)
        return
    (name,) = names
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nnlab-", ignore_cleanup_errors=True) as folder:
        try:
            figures = importlib.import_module(f"tests.torture.{name}").torture(
                Path(folder), seed=options.seed, count=options.count or COUNTS[name]
            )
        except Skipped as reason:
            figures = f"skipped: {reason}"
    sys.stdout.write(f"{name}: {figures} ({time.monotonic() - started:.0f} s)\n")


if __name__ == "__main__":
    main()
