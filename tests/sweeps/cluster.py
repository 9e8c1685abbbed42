"""A real cluster of dask.distributed on this machine: a scheduler, and workers without shared files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.laboratory import TIMEOUT

if TYPE_CHECKING:
    from types import TracebackType


@dataclass
class Cluster:
    """A scheduler and its workers, each with a nanny that replaces it, and a folder of its own."""

    folder: Path
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start the scheduler."""
        self.folder.mkdir()
        self.start("scheduler", "--port", "0", "--host", "127.0.0.1")
        deadline = time.monotonic() + TIMEOUT
        while not self._file.exists() or not self._file.read_text():
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def _file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return str(json.loads(self._file.read_text())["address"])

    def start(self, what: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a scheduler or a worker in a folder of its own; return the process."""
        folder = self.folder / f"{what}-{len(self.processes)}"
        folder.mkdir()
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *options]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--scheduler-file", str(self._file)],
                cwd=folder,
                env=self.environment | {"TMPDIR": str(folder)} | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def add_workers(self, number: int, threads: int = 1) -> None:
        """Start workers, and wait until the scheduler knows them."""
        before = len(self.worker_processes())
        for _ in range(number):
            self.start("worker", "--nthreads", str(threads), "--host", "127.0.0.1")
        self.wait_for_workers(before + number)

    def wait_for_workers(self, number: int) -> None:
        """Wait until the scheduler knows so many workers."""
        import distributed  # noqa: PLC0415 (imported late, because it is slow)

        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=TIMEOUT)

    def worker_processes(self) -> list[int]:
        """Return the processes that compute: children of the nannies."""
        found = []
        for process in self.processes[1:]:
            children = subprocess.run(
                ["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, check=False
            )
            found += [int(word) for word in children.stdout.split()]
        return found
