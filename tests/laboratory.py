"""The fixture `Laboratory`: a folder in which tests run nnlab as users do."""

from __future__ import annotations

import contextlib
import csv
import ctypes
import fcntl
import io
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from nnlab.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs"
DATA = ROOT / "data" / "MNIST" / "raw"
COMMAND = (sys.executable, "-m", "nnlab")
TIMEOUT = 60.0  # seconds; a command that takes longer hangs

# The experiment that most tests vary: a linear network on few examples of MNIST, which trains in no time.
LINEAR: dict[str, object] = {
    "dataset": "mnist",
    "architecture": (784, 10),
    "activation": "identity",
    "output": "softmax",
    "loss": "log_likelihood",
    "eta": 0.1,
    "batch_size": 64,
    "epochs": 3,
    "patience": 5,
    "seed": 0,
    "train_size": 1000,
    "validation_size": 1000,
}
# The same for tests that need no MNIST: a network of three layers that learns a step function.
STEP: dict[str, object] = {
    "dataset": "step",
    "dataset_options": {"steps": 3, "examples": 40},
    "architecture": (1, 12, 5, 1),
    "activation": "tanh",
    "output": "identity",
    "loss": "quadratic",
    "eta": 0.05,
    "momentum": 0.5,
    "batch_size": 8,
    "epochs": 4,
    "patience": 3,
    "seed": 0,
    "diagnostics": True,
}
# With these changes the loss is not finite after an epoch.
DIVERGING = ("architecture=[784,20,20,20,10]", "activation=relu", "eta=1e6")
# With these the steps are so large that the validation loss goes up and down.
OSCILLATING = ("eta=2", "momentum=0.9")


def config_text(keys: dict[str, object], /, **changes: object) -> str:
    """Return the text of a config: one key per line; a string is written unchanged."""
    return "".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}\n"
        for key, value in (keys | changes).items()
    )


class Outcome(NamedTuple):
    """The exit code and the output of a command; bytes that are not UTF-8 are surrogates."""

    code: int
    out: str
    err: str


def call(arguments: tuple[str, ...], environment: dict[str, str]) -> Outcome:
    """Run nnlab within this process, which is faster than a process of its own."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True) for _ in range(2)
    )
    code: object = "no exit"
    with (
        patch.object(sys, "argv", ["nnlab", *arguments]),
        patch.dict(os.environ, environment, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
    assert isinstance(code, int), code
    return Outcome(code, *(decoded(stream.buffer) for stream in (out, err)))


def decoded(stream: IO[bytes]) -> str:
    stream.seek(0)
    return os.fsdecode(stream.read())


def outcome_of(
    command: tuple[str, ...],
    folder: Path,
    environment: dict[str, str],
    *,
    stdin: str = "",
    limit: Callable[[], None] | None = None,
) -> Outcome:
    """Run a command, and return its outcome."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=stdin.encode(),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
        preexec_fn=limit,
    )
    return Outcome(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of the files in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def drop_root_privileges() -> None:
    """Take from root the two capabilities that let it ignore the modes of files."""
    drop_from_bounding_set, override, read_search = 24, 1, 2
    libc = ctypes.CDLL(None)  # of Linux; elsewhere the tests are not run as root
    for capability in (override, read_search) if hasattr(libc, "prctl") else ():
        libc.prctl(drop_from_bounding_set, capability, 0, 0, 0)


def read_until(stream: IO[str] | None, pattern: str) -> str:
    """Return the output of a process up to the first line that begins with `pattern`."""
    assert stream
    read = ""
    for line in stream:
        read += line
        if re.match(pattern, line):
            return read
    raise AssertionError(f"no line begins with {pattern} in:\n{read}")


@dataclass(frozen=True)
class Laboratory:
    """A working directory in which nnlab runs with an environment that the test controls."""

    folder: Path

    def config(self, file: str = "linear.yaml", /, **changes: object) -> Path:
        """Write a config: the linear network with some keys changed or added; return its path."""
        path = self.folder / file
        path.write_text(config_text(LINEAR, **changes))
        return path

    def environment(self, **variables: str) -> dict[str, str]:
        """Return an environment with `variables`, but no other that affects nnlab or its output."""
        steering = ("NNLAB_", "PYTHON", "TTY_", "TQDM_", "XDG_", "CLICOLOR", "FORCE_COLOR", "NO_COLOR")
        looks = {"COLUMNS", "LINES", "TERM", "_TYPER_FORCE_DISABLE_TERMINAL"}
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(steering) and name not in looks
        }
        return kept | {"HOME": str(self.folder), "LANG": "C.UTF-8"} | variables

    def call(self, *arguments: str, **variables: str) -> Outcome:
        """Run nnlab within this process."""
        with contextlib.chdir(self.folder):
            return call(arguments, self.environment(**variables))

    def nnlab(self, *arguments: str, stdin: str = "", **variables: str) -> Outcome:
        """Run nnlab in a process of its own."""
        return self.run(*COMMAND, *arguments, stdin=stdin, **variables)

    def shell(self, line: str, **variables: str) -> Outcome:
        """Run a line of shell, in which nnlab is this one, and a pipe fails if any part of it does."""
        line = line.replace("nnlab", " ".join(COMMAND), 1)
        return self.run("bash", "-o", "pipefail", "-c", line, **variables)

    def run(self, *command: str, stdin: str = "", **variables: str) -> Outcome:
        """Run any command."""
        return outcome_of(command, self.folder, self.environment(**variables), stdin=stdin)

    def without_root(self, *arguments: str, **variables: str) -> Outcome:
        """Run nnlab so that file permissions apply, even if the tests run as root."""
        return self.limited(drop_root_privileges, *arguments, **variables)

    def limited(self, limit: Callable[[], None], *arguments: str, **variables: str) -> Outcome:
        """Run nnlab in a process that first calls `limit`."""
        # If files may not grow, Python would truncate the bytecode that it caches.
        environment = self.environment(PYTHONDONTWRITEBYTECODE="1", **variables)
        return outcome_of((*COMMAND, *arguments), self.folder, environment, limit=limit)

    @contextlib.contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start nnlab in the background; it is killed at the end of the block."""
        with subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            deadline = threading.Timer(TIMEOUT, process.kill)
            deadline.start()
            try:
                yield process
            finally:
                deadline.cancel()
                process.kill()

    def on_a_terminal(self, *arguments: str, columns: int = 80, **variables: str) -> Outcome:
        """Run nnlab with all its streams on a pseudo-terminal."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(TERM="xterm-256color", **variables),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        got, deadline = b"", time.monotonic() + TIMEOUT
        try:
            while time.monotonic() < deadline:
                if select.select([ours], [], [], 1)[0]:
                    got += os.read(ours, 65536)
        except OSError:  # Linux raises it when the other end is closed
            pass
        finally:
            os.close(ours)
            code = process.wait(10)
        return Outcome(code, got.decode(), "")

    def summary(self, run: str = "linear-001") -> dict[str, Any]:
        """Return the summary of a run."""
        summary: dict[str, Any] = json.loads((self.folder / "runs" / run / "summary.json").read_text())
        return summary

    def metrics(self, run: str = "linear-001") -> list[dict[str, str]]:
        """Return the metrics of a run, one dict per epoch."""
        lines = (self.folder / "runs" / run / "metrics.csv").read_text().splitlines()
        return list(csv.DictReader(lines))

    def results(self, run: str = "linear-001") -> tuple[dict[str, Any], list[dict[str, str]]]:
        """Return the summary and the metrics of a run, without times."""
        return self.summary(run) | {"seconds": None}, [row | {"seconds": ""} for row in self.metrics(run)]
