"""Replaces each file of a run by a link, pipe, socket, device or folder, and then uses the run.

Every command ends within seconds: it gives what it gave before, or says in one line what is in the way.
Nothing outside the run's folder changes, whatever a link leads to.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import stat
from collections import Counter
from contextlib import chdir, closing, contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from tests.laboratory import STEP, config_text
from tests.torture.command import call, worst
from tests.torture.remains import results_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.laboratory import Outcome

RUN = "step-001"
EPOCHS = 6
TEMPORARY = ".last.npz.0123abcd.tmp"
FILES = (
    *("config.yaml", "metrics.csv", "diagnostics.csv", "environment.json", "summary.json"),
    *("best.npz", "last.npz", "eval_test.json", "eval_validation.json", ".lock", TEMPORARY),
)
PRECIOUS = "precious"  # outside the run; and whole copies of its files
PIPE = "pipe"  # outside, and its other end is open
KINDS = (
    *("a link to something precious", "a link to its like", "a link to nothing", "a link to itself"),
    *("a link to a folder", "a link to a pipe", "a link to /dev/zero", "a link to /dev/full"),
    *("a link to /dev/tty", "something precious by another name", "its like by another name"),
    *("a pipe", "a socket", "a null device", "a terminal", "a folder", "a full folder"),
)
DEVICES = {"a null device": (1, 3), "a terminal": (5, 0)}
COMMANDS = {
    "eval": ("eval", "--json"),
    "eval --split validation": ("eval", "--json", "--split", "validation"),
    "eval --checkpoint last": ("eval", "--json", "--checkpoint", "last"),
    **{
        f"compare --format {form}": ("compare", "--all", "--format", form)
        for form in ("table", "csv", "json", "markdown")
    },
    "train --resume": ("train", "-q", f"epochs={EPOCHS}", "--resume"),
    "train config.yaml": ("train", "-q"),
    "config check config.yaml": ("config", "check"),
}


def torture(home: Path, *, seed: int, count: int) -> str:
    """Use `count` runs, or one for each file, what is in its place, and command if those are fewer."""
    home = home.resolve()
    (home / "step.yaml").write_text(config_text(STEP))
    assert call("train", home / "step.yaml", "--runs", home / "whole").code == 0
    for split in ("test", "validation"):
        assert call("eval", home / "whole" / RUN, "--split", split).code == 0
    (home / "whole" / RUN / ".lock").touch()
    (home / "whole" / RUN / TEMPORARY).write_bytes(b"half")
    expected = {}
    for command in COMMANDS:
        desk = laid(home)
        expected[command] = result(desk, command, use(desk, command))
    cases = list(product(FILES, KINDS, COMMANDS))
    random.Random(seed).shuffle(cases)
    outcomes: Counter[str] = Counter()
    for name, kind, command in cases[:count]:
        try:
            outcomes[judge(home, name, kind, command, expected[command])] += 1
        except AssertionError as error:
            raise AssertionError(f"{command} with {kind} in place of {name}: {error}") from error
    return (
        f"{outcomes.total()} of {len(cases)} uses of a run with something in the place of a file: "
        f"{', '.join(f'{n} {what}' for what, n in outcomes.most_common())}; at most {worst['seconds']:.2f} s"
    )


def judge(home: Path, name: str, kind: str, command: str, expected: object) -> str:
    """Use a run with that kind of thing in the place of the file `name`; return the result in words."""
    desk = laid(home)
    try:
        put(desk, name, kind)
    except PermissionError:
        return "not possible here"
    with guarded(desk):
        done = use(desk, command)
    assert done.code in (0, 1, 2, 5), f"exit code {done.code}: {done.err}"
    if done.code != 0:
        assert done.err.count("\n") == 1, done.err
        return "refused"
    if (found := result(desk, command, done)) == expected:
        return "of no consequence"
    assert command.startswith("compare"), f"{found} instead of {expected}"
    if command.endswith("json"):
        assert json.loads(done.out)[1] == json.loads(str(expected))[1], "another run's row has changed"
    return "told in a table"


def laid(home: Path) -> Path:
    """Lay a folder out with two runs, one of which is to be used, and with what links may lead to."""
    desk = home / "desk"
    shutil.rmtree(desk, ignore_errors=True)
    run = home / "whole" / RUN
    for copy in (desk / "runs" / RUN, desk / "runs" / "step-002", desk / PRECIOUS):
        shutil.copytree(run, copy)
    (desk / PRECIOUS / PRECIOUS).write_text(PRECIOUS)
    (desk / PRECIOUS / "folder").mkdir()
    (desk / PRECIOUS / "folder" / PRECIOUS).write_text(PRECIOUS)
    os.mkfifo(desk / PIPE)
    (desk / "new").mkdir()
    return desk


def put(desk: Path, name: str, kind: str) -> None:
    """Put that kind of thing in the place of the file `name` of the run. Raises `PermissionError`."""
    path, precious = desk / "runs" / RUN / name, desk / PRECIOUS
    path.unlink()
    links = {
        "a link to something precious": precious / PRECIOUS,
        "a link to its like": precious / name,
        "a link to nothing": precious / "nothing",
        "a link to itself": path,
        "a link to a folder": precious / "folder",
        "a link to a pipe": desk / PIPE,
        **{f"a link to {device}": Path(device) for device in ("/dev/zero", "/dev/full", "/dev/tty")},
    }
    if kind in links:
        path.symlink_to(links[kind])
    elif kind == "something precious by another name":
        path.hardlink_to(precious / PRECIOUS)
    elif kind == "its like by another name":
        path.hardlink_to(precious / name)
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a socket":
        with chdir(path.parent), closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(name)  # a longer path would not do
    elif kind in DEVICES:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(*DEVICES[kind]))
    else:
        path.mkdir()
        if kind == "a full folder":
            (path / "file").touch()


def use(desk: Path, command: str) -> Outcome:
    """Execute the command on the run."""
    run = desk / "runs" / RUN
    if command.startswith("compare"):
        return call(*COMMANDS[command], "--runs", desk / "runs")
    if command == "train config.yaml":
        return call(*COMMANDS[command], run / "config.yaml", "--runs", desk / "new")
    return call(*COMMANDS[command], run / "config.yaml" if command.startswith("config") else run)


def result(desk: Path, command: str, done: Outcome) -> object:
    """Return what must not change if the replaced file does not matter."""
    if command == "train config.yaml":
        return results_of(desk / "new" / RUN)
    if command == "train --resume":
        came = results_of(desk / "runs" / RUN)
        return came | {"files": None, "diagnostics": None}  # which nothing depends on
    return done.out


@contextmanager
def guarded(desk: Path) -> Iterator[None]:
    """Raise `AssertionError` if the block changes anything outside the run and the folder of new runs."""
    pipe = os.open(desk / PIPE, os.O_RDWR | os.O_NONBLOCK)
    try:
        before = outside(desk)
        yield
        assert outside(desk) == before, "something outside the run has changed"
        with suppress(BlockingIOError):
            raise AssertionError(f"{os.read(pipe, 1000)!r} was written into the pipe")
    finally:
        os.close(pipe)


def outside(desk: Path) -> dict[str, object]:
    """Return the state of everything outside the run and the folder of new runs."""
    seen: dict[str, object] = {}
    for path in (desk, *desk.rglob("*")):
        name = str(path.relative_to(desk))
        if not name.startswith((f"runs/{RUN}", "new")):
            status = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
            seen[name] = (status.st_mode, status.st_uid, status.st_mtime_ns, content)
    return seen
