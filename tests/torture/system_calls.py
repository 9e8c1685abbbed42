"""Uses strace to kill a short training at every system call that changes its run, or to let the call fail.

Whatever call it was: what is left is resumed, or trained anew if there is no run yet, and is in the end
what nothing interrupted. A call that fails (EIO, ENOSPC) is one line and exit code 1, and the epochs before
it are kept.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.laboratory import config_text
from tests.torture.command import Skipped, call
from tests.torture.power_loss import BEGUN, EPOCHS, RUN, TINY
from tests.torture.remains import epoch_of, results_of, the_run

FAULTS = {
    "SIGKILL": ("signal=KILL",),
    # The option is quicker, but lets strace send no signals.
    **{name: (f"error={name}", "--seccomp-bpf") for name in ("EIO", "ENOSPC")},
}
REASONS = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}
# Under the names that other processors have for them, too. (? is for those that this one lacks.)
CHANGING = [
    *("open", "openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "renameat"),
    *("renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"),
]
STRACE = ["strace", "-f", "-qq", "-y"]
FILES = (
    *("config.yaml", "metrics.csv", "diagnostics.csv", "summary.json", "environment.json"),
    *("best.npz", "last.npz", "eval_test.json"),
)
# nnlab, with a delay that is given and names of temporary files that are known beforehand.
NNLAB = """
import secrets, sys
secrets.token_hex = lambda _: "00000000"
from nnlab.runs import writer
writer.DELAY = float(sys.argv.pop(1))
from nnlab.__main__ import main
main()
"""
TIMEOUT = 60


class Scenario(NamedTuple):
    """A training that is disturbed."""

    name: str
    delay: float  # seconds that an epoch may wait to be written
    begun: int  # epochs that are done, and measured, before
    arguments: tuple[str, ...]


class Point(NamedTuple):
    """A system call of the training: the `number`th of its kind, and whether it is on the lock."""

    scenario: Scenario
    name: str
    number: int
    is_of_lock: bool


SCENARIOS = (
    Scenario("new, its epochs written together", 999, 0, ("step.yaml",)),
    Scenario("resumed, each epoch alone", 0, BEGUN, ("--resume", f"runs/{RUN}", f"epochs={EPOCHS}")),
)


def torture(home: Path, *, seed: int, count: int) -> str:
    """Disturb a training at `count` system calls, or at all of them if there are fewer."""
    home = home.resolve()
    (home / "step.yaml").write_text(config_text(TINY))
    refuse_without_strace(home)
    assert call("train", home / "step.yaml", "--runs", home / "whole", "-q").code == 0
    expected = results_of(home / "whole" / RUN)
    assert call("train", home / "step.yaml", f"epochs={BEGUN}", "--runs", home / "half", "-q").code == 0
    assert call("eval", home / "half" / RUN).code == 0
    points = [point for scenario in SCENARIOS for point in points_of(home, scenario)]
    cases = [(point, fault) for point in points for fault in FAULTS]
    random.Random(seed).shuffle(cases)
    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        disturbed = pool.map(partial(disturb, home), *zip(*cases[:count], strict=True))
        for (point, fault), (here, done) in zip(cases, disturbed, strict=False):
            try:
                outcomes[judge(here, point, fault, done, expected)] += 1
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, {fault} at {point}: {error}\n{done.stderr}") from error
            shutil.rmtree(here)
    kinds = Counter(point.name for point in points)
    return (
        f"{outcomes.total()} of {len(cases)} faults at {len(points)} calls "
        f"({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}): "
        f"{', '.join(f'{n} {what}' for what, n in outcomes.most_common())}; all the same in the end"
    )


def refuse_without_strace(home: Path) -> None:
    """Raise `Skipped` if system calls cannot be traced."""
    command = [*STRACE, "--seccomp-bpf", "-e", "trace=none", "true"]
    try:
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except FileNotFoundError:
        raise Skipped("strace is not installed") from None
    if done.returncode != 0:
        raise Skipped(f"strace says {done.stderr.strip()!r}")


def trace(
    here: Path, scenario: Scenario, *options: str, log: Path | str = "/dev/null"
) -> subprocess.CompletedProcess[str]:
    """Execute the scenario in the new folder `here`, and trace what changes its run."""
    here.mkdir()
    shutil.copyfile(here.parent / "step.yaml", here / "step.yaml")
    if scenario.begun:
        shutil.copytree(here.parent / "half", here / "runs")
    runs = Path("runs")
    paths = [runs, runs / RUN, runs / RUN / ".lock"]
    paths += [runs / RUN / name for file in FILES for name in (file, f".{file}.00000000.tmp")]
    # strace compares texts: what a call is given, and the whole path of a file that is open.
    watched = [f"-P{name}" for path in paths for name in (path, here / path)]
    calls = ",".join(f"?{name}" for name in CHANGING)
    command = [*STRACE, "-o", str(log), *watched, f"-P{here}", "-e", f"trace={calls}", *options]
    return subprocess.run(
        [*command, sys.executable, "-c", NNLAB, str(scenario.delay), "train", *scenario.arguments],
        cwd=here,
        # Threads that have nothing to do are traced, too.
        env={name: value for name, value in os.environ.items() if not name.startswith("NNLAB_")}
        | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )


def points_of(home: Path, scenario: Scenario) -> list[Point]:
    """Return the calls of the scenario that change something."""
    here, log = home / "calls", home / "calls.log"
    done = trace(here, scenario, log=log)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(here)
    points = []
    seen: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if found := re.match(r"\d+ +(\w+)\(", line):
            name = found[1]
            seen[name] += 1
            if name not in ("open", "openat") or re.search(r"O_(WRONLY|RDWR|CREAT)", line):
                points.append(Point(scenario, name, seen[name], "/.lock" in line))
    assert len(seen) > 5, seen
    return points


def disturb(home: Path, point: Point, fault: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Carry the point's scenario out with a fault at the point; return the folder and what was said."""
    here = home / f"{SCENARIOS.index(point.scenario)}-{point.name}-{point.number}-{fault}"
    what, *options = FAULTS[fault]
    return here, trace(
        here, point.scenario, "-e", f"inject={point.name}:{what}:when={point.number}", *options
    )


def judge(
    here: Path, point: Point, fault: str, done: subprocess.CompletedProcess[str], expected: dict[str, object]
) -> str:
    """Resume from the files that are left; return in words what they were."""
    run = the_run(here / "runs")
    assert run or not point.scenario.begun, "the run is gone"
    said = [line for line in done.stderr.splitlines() if line.startswith("nnlab:")]
    if fault == "SIGKILL":
        assert done.returncode == -9, done.returncode
    elif done.returncode == 0:
        assert point.is_of_lock, "the call failed, and nothing was said"
    else:
        assert done.returncode == 1, done.returncode
        assert said == done.stderr.splitlines()[-1:], "one line is to say it, and the last"
        assert REASONS[fault] in said[0], said
        assert run or not (here / "runs").exists() or not any((here / "runs").iterdir()), (
            "a folder that is not a run is left"
        )
    assert "Traceback" not in done.stderr
    epoch = epoch_of(run) if run else 0
    told = max(map(int, re.findall(r"(?m)^ *(\d+)  .*\n", done.stderr)), default=0)
    must_be_kept = told if point.scenario.delay == 0 else point.scenario.begun
    assert epoch >= must_be_kept, f"epoch {must_be_kept} has to be kept, the checkpoint is of epoch {epoch}"
    if run:
        again = call("train", "--resume", run, f"epochs={EPOCHS}", "-q")
    else:
        again = call("train", here / "step.yaml", "--runs", here / "runs", "-q")
    assert again.code == 0, again.err
    assert results_of(Path(again.out.strip())) == expected, "resumed to another result"
    if done.returncode == 0:
        return "of no consequence"
    return "killed" if fault == "SIGKILL" else f"told as {REASONS[fault]!r}"
