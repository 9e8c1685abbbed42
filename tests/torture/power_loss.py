"""Simulates a loss of power on disks that lose unsynced data, and resumes from the rest.

The writes of a training are recorded, and for each moment the disk is made as it may be found. A file holds
what it held when it was last synced, and all, some or none of what came after. A folder has the names that
it had when it was last synced, with any of the changes after: a later one may be there without an earlier
one. What is left is resumed, or trained anew if there is no run yet, and is in the end what nothing
interrupted.
"""

from __future__ import annotations

import os
import random
import shutil
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeAlias, TypeVar
from unittest.mock import patch

from nnlab.errors import NnlabError
from nnlab.runs import writer
from nnlab.runs.writer import RunWriter
from tests.laboratory import STEP, config_text
from tests.torture.command import call
from tests.torture.remains import epoch_of, results_of, the_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nnlab.training import Epoch, TrainingState

P = ParamSpec("P")
T = TypeVar("T")

TINY = STEP | {"architecture": (1, 1), "eta": 0.8, "patience": None}
EPOCHS = 4
BEGUN = 2  # epochs before a resumption: the third improves, the fourth does not
RUN = "step-001"
# Seconds that an epoch may wait: each is written alone, or late by a thread of its own, or all in the end.
DELAYS = {"each alone": 0.0, "late": 0.001, "all together": 999.0}
FOLDER = -1  # in place of a file's number
MOST_CHANGES = 5  # of which every choice is made

Change: TypeAlias = dict[str, "int | None"]  # by name, the number of its file from then on; None for no file
Left: TypeAlias = dict[str, "bytes | None"]  # by name, what a file holds; None for a folder


class Moment(NamedTuple):
    """The content that is on a disk, and the content that may be."""

    case: str
    diagnostics: str
    kept: int  # epochs that were done, and must be there
    names: dict[str, int]  # the number of the file of each
    changes: list[Change]  # of names, not yet synced
    synced: dict[int, bytes]  # by the number of the file
    written: dict[int, bytes]


class Disk:
    """The writes and syncs below the folder `home`."""

    def __init__(self, home: Path, diagnostics: str, kept: int) -> None:
        """Regard the existing files, with `kept` finished epochs, as synced."""
        self.home, self.diagnostics, self.kept = home, diagnostics, kept
        self.moments: list[Moment] = []
        self.now: dict[str, int] = {}
        self.written: dict[int, bytes] = {}
        self.changes: list[Change] = []
        self._look()
        self.changes.clear()
        self.names, self.synced = dict(self.now), dict(self.written)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record what the block does."""
        notes: dict[str, Callable[..., None]] = {
            "fsync": self._sync,
            "replace": lambda old, new: self._change(
                {self._name(old): None, self._name(new): self.now[self._name(old)]}
            ),
            "unlink": lambda path: self._change({self._name(path): None}),
        }
        with ExitStack() as stack:
            for name, note in notes.items():
                stack.enter_context(patch.object(os, name, self._watched(getattr(os, name), note)))
            yield
        self.remember("the end")

    def remember(self, what: str) -> None:
        """Record the moment before `what`."""
        self._look()
        case = f"{self.home.name}, diagnostics {self.diagnostics}, moment {len(self.moments)}, before {what}"
        self.moments.append(
            Moment(
                case,
                self.diagnostics,
                self.kept,
                dict(self.names),
                list(self.changes),
                {number: self.synced.get(number, b"") for number in self.written},
                dict(self.written),
            )
        )

    def _watched(self, function: Callable[P, T], note: Callable[..., None]) -> Callable[P, T]:
        def watched(*arguments: P.args, **options: P.kwargs) -> T:
            self.remember(f"{function.__name__} {' '.join(map(str, arguments))}")
            result = function(*arguments, **options)
            note(*arguments)
            return result

        return watched

    def _look(self) -> None:
        """Record new names and the contents of files."""
        for path in sorted(self.home.rglob("*")):
            name = self._name(path)
            if name not in self.now:
                self._change({name: FOLDER if path.is_dir() else len(self.written)})
            if not path.is_dir():
                self.written[self.now[name]] = path.read_bytes()

    def _change(self, change: Change) -> None:
        apply(change, self.now)
        self.changes.append(change)

    def _sync(self, descriptor: int) -> None:
        """Record that an open file or folder was synced: its content, or its names."""
        status = os.fstat(descriptor)
        for name, number in {"": FOLDER, **self.now}.items():
            if not os.path.samestat((self.home / name).stat(), status):
                continue
            if number == FOLDER:
                within = self.home / name
                for change in [
                    change for change in self.changes if (self.home / min(change)).parent == within
                ]:
                    apply(change, self.names)
                    self.changes.remove(change)
            else:
                self.synced[number] = self.written[number]

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.home))


def torture(home: Path, *, seed: int, count: int) -> str:
    """Resume from the content of `count` disks, or of all if there are fewer."""
    home = home.resolve()
    moments = [
        moment
        for delay, diagnostics, is_new in product(DELAYS, ("true", "false"), (True, False))
        for moment in moments_of(home, delay, diagnostics, is_new=is_new)
    ]
    expected = {
        diagnostics: results_of(home / diagnostics / "whole" / RUN) for diagnostics in ("true", "false")
    }
    rng = random.Random(seed)
    cases = [(moment, left) for moment in moments for left in disks(moment, rng)]
    rng.shuffle(cases)
    begun = 0
    for moment, left in cases[:count]:
        disk = home / "disk"
        shutil.rmtree(disk, ignore_errors=True)
        try:
            begun += go_on(disk, moment, left, expected)
        except (AssertionError, NnlabError) as error:
            shown = {name: content and len(content) for name, content in left.items()}
            raise AssertionError(f"seed {seed}, {moment.case}, with {shown}: {error}") from error
    done = min(count, len(cases))
    return (
        f"{done} of {len(cases)} disks at {len(moments)} moments of {4 * len(DELAYS)} trainings: "
        f"{done - begun} resumed and {begun} begun anew, all the same in the end"
    )


def moments_of(home: Path, delay: str, diagnostics: str, *, is_new: bool) -> list[Moment]:
    """Record a training, new or resumed, whose epochs are written with this `delay`."""
    here = home / diagnostics
    config = here / "step.yaml"
    if not here.exists():
        here.mkdir()
        config.write_text(config_text(TINY, diagnostics=diagnostics))
        train(config, "--runs", here / "whole")
        train(config, f"epochs={BEGUN}", "--runs", here / "half")
        assert call("eval", here / "half" / RUN).code == 0
    place = here / f"{delay}, {'new' if is_new else 'resumed'}"
    place.mkdir()
    if not is_new:
        shutil.copytree(here / "half", place / "runs")
    disk = Disk(place, diagnostics, 0 if is_new else BEGUN)
    record = RunWriter.add

    def recording(self: RunWriter, epoch: Epoch, state: TrainingState) -> None:
        record(self, epoch, state)
        if delay == "each alone":
            disk.kept = epoch.epoch

    with ExitStack() as stack:
        stack.enter_context(patch.object(writer, "DELAY", DELAYS[delay]))
        stack.enter_context(patch.object(RunWriter, "add", recording))
        if delay == "late":  # no epoch is ever due by itself
            stack.enter_context(patch.object(writer, "monotonic", lambda: 0.0))
        stack.enter_context(disk.recorded())
        train(*([config, "--runs", place / "runs"] if is_new else resumption(place / "runs" / RUN)))
        disk.kept = EPOCHS
    return disk.moments


def disks(moment: Moment, rng: random.Random) -> list[Left]:
    """Return what may be found on the disk after a loss of power at that moment."""
    found: list[Left] = []
    if len(moment.changes) <= MOST_CHANGES:
        choices = list(product((False, True), repeat=len(moment.changes)))
    else:
        choices = [tuple(rng.random() < 0.5 for _ in moment.changes) for _ in range(2**MOST_CHANGES)]
    for choice in choices:
        names = dict(moment.names)
        for change, is_kept in zip(moment.changes, choice, strict=True):
            if is_kept:
                apply(change, names)
        for contents in (moment.synced, moment.written, cut(moment, rng)):
            left = {
                name: None if number == FOLDER else contents[number]
                for name, number in names.items()
                if all(str(above) in names for above in Path(name).parents[:-1])
            }
            if left not in found:
                found.append(left)
    return found


def cut(moment: Moment, rng: random.Random) -> dict[int, bytes]:
    """Return contents in which some unsynced data are present, or are zeros."""
    contents = {}
    for number, content in moment.written.items():
        place = rng.randrange(len(content) + 1)
        zeros = bytes(len(content) - place) if rng.random() < 0.5 else b""
        begun = content[: max(place, len(moment.synced[number]))]
        contents[number] = content if content == moment.synced[number] else begun + zeros
    return contents


def go_on(home: Path, moment: Moment, left: Left, expected: dict[str, dict[str, object]]) -> bool:
    """Resume from the files that are left; return whether training began again."""
    home.mkdir()
    for name, content in sorted(left.items()):
        if content is None:
            (home / name).mkdir()
        else:
            (home / name).write_bytes(content)
    run = the_run(home / "runs")
    epoch = epoch_of(run) if run else 0
    assert epoch >= moment.kept, f"epoch {moment.kept} has to be kept, the checkpoint is of epoch {epoch}"
    config = home.parent / moment.diagnostics / "step.yaml"
    end = train(*(resumption(run) if run else [config, "--runs", home / "runs"]))
    assert results_of(end) == expected[moment.diagnostics], "went on to another result"
    return run is None


def train(*arguments: object) -> Path:
    """Train; return the run."""
    done = call("train", *arguments, "-q")
    assert done.code == 0, done.err
    return Path(done.out.strip())


def resumption(run: Path) -> list[object]:
    """Return the arguments that resume `run` to the end."""
    return ["--resume", run, f"epochs={EPOCHS}"]


def apply(change: Change, names: dict[str, int]) -> None:
    """Apply the change of names."""
    for name, number in change.items():
        if number is None:
            names.pop(name, None)
        else:
            names[name] = number
