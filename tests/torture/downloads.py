"""Kills downloads at random moments, runs many at once, and uses mirrors that never finish.

At no moment does a file lie under its name that is not the published one, and the next download mends all.
No mirror holds a download past its deadline.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from nnlab.datasets import MNIST_FAMILY
from tests.datasets.mirror import ENDLESS_ENDS, HANGS, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.datasets.mirror import Mirror

AT_ONCE = 16
DEADLINE = 1.5  # seconds a mirror that never ends may take
NEVER_END = (*HANGS, *ENDLESS_ENDS)
# MNIST in a folder that no copy lies in, from mirrors that are given; a mirror's deadline is given, too.
DOWNLOAD = """
import sys
from dataclasses import replace
from functools import partial
from nnlab.datasets import MNIST_FAMILY, inventory
inventory.download = partial(inventory.download, deadline=float(sys.argv.pop()))
mnist = MNIST_FAMILY["mnist"]
MNIST_FAMILY["mnist"] = replace(mnist, folder="Elsewhere", mirrors=tuple(sys.argv.pop().split()))
from nnlab.cli import main
main()
"""


def torture(home: Path, *, seed: int, count: int) -> str:
    """Kill `count` downloads; before, and after every fifty, let many processes download at once.

    Before every twenty-fifth, meet another mirror that never ends.
    """
    rng = random.Random(seed)
    rounds = right = 0
    waited = {}
    with serving() as mirror:
        started = time.monotonic()
        finish(download(home / "alone", mirror, "good"))
        seconds = time.monotonic() - started
        for number in range(count):
            if number % 50 == 0:
                at_once(home / f"at-once-{number}", mirror)
                rounds += 1
            if number % 25 == 0:
                behaviour = NEVER_END[number // 25 % len(NEVER_END)]
                waited[behaviour] = hang(home / f"{behaviour}-{number}", mirror, behaviour, seconds)
            root = home / f"killed-{number // 5}"  # five kills each
            process = download(root, mirror, rng.choice(["good", "chunked"]))
            time.sleep(rng.uniform(0, seconds))
            process.kill()
            process.communicate()
            right += check(root, f"seed {seed}, kill {number}")
            if number % 5 == 4:
                finish(download(root, mirror, "404", "good"))
                assert check(root, f"seed {seed}, after kill {number}") == 4
    return (
        f"{rounds} times {AT_ONCE} downloads at once; {count} kills, which left {right} whole files "
        f"and none that was not; {len(waited)} kinds of mirrors that never end, "
        f"which took at most {max(waited.values()):.1f} s"
    )


def hang(root: Path, mirror: Mirror, behaviour: str, usual: float) -> float:
    """Return the seconds of a download whose first mirror never finishes and whose second is good."""
    started = time.monotonic()
    finish(download(root, mirror, behaviour, "good", deadline=DEADLINE))
    seconds = time.monotonic() - started
    files = check(root, behaviour)
    assert files == 4, f"{behaviour}: {files} files"
    # Each of the four files meets the first mirror. The machine may have other things to do.
    assert seconds < 4 * DEADLINE + 5 * usual + 5, f"{behaviour} held a download for {seconds:.1f} s"
    return seconds


def at_once(root: Path, mirror: Mirror) -> None:
    """Let many processes download at once, and watch the files."""
    processes = [download(root, mirror, "chunked") for _ in range(AT_ONCE)]
    while any(process.poll() is None for process in processes):
        check(root, "while many download at once")
    for process in processes:
        finish(process)
    assert check(root, "after many have downloaded") == 4
    assert not list(root.rglob("*.tmp"))


def download(root: Path, mirror: Mirror, *behaviours: str, deadline: float = 900) -> subprocess.Popen[str]:
    """Start `nnlab data download mnist` into `root`, from mirrors with this behaviour."""
    bases = " ".join(mirror.base(behaviour) for behaviour in behaviours)
    arguments = ["data", "download", "mnist", "--data-dir", str(root), bases, str(deadline)]
    return subprocess.Popen(
        [sys.executable, "-c", DOWNLOAD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for the download to succeed."""
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 0, err


def check(root: Path, case: str) -> int:
    """Return the number of complete files. Raises `AssertionError` if one is not the published one."""
    folder = root / "Elsewhere" / "raw"
    found = [file for file in MNIST_FAMILY["mnist"].files if (folder / file.name).exists()]
    for file in found:
        assert hashlib.sha256((folder / file.name).read_bytes()).hexdigest() == file.sha256, (
            f"{case}: {file.name}"
        )
    return len(found)
