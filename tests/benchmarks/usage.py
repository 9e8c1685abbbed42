"""Runs a command and prints as JSON what it took and the lines that it printed: `usage.py COMMAND…`.

In a process of its own, because the peak memory of a command counts that of the process it was started by.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

began = time.perf_counter()
process = subprocess.run(
    sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
)
wall = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
if process.returncode:
    sys.exit(f"{' '.join(sys.argv[1:])} ended with exit code {process.returncode}")
usage = {
    "wall": wall,
    "cpu": used.ru_utime + used.ru_stime,
    "megabytes": used.ru_maxrss / 1024,
    "printed": process.stdout.splitlines(),
}
sys.stdout.write(json.dumps(usage))
