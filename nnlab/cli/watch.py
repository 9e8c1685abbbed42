"""`nnlab watch`: see a training or a sweep from another terminal."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import Runs
from nnlab.cli.output import is_terminal, write_result, write_stdout
from nnlab.errors import DivergedError, NnlabError
from nnlab.files import printable
from nnlab.rendering.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnlab.analysis.watching import Status, Watched
    from nnlab.runs.run import Run

EVERY = 0.5  # seconds between two looks


@dataclass(frozen=True)
class Look:
    """What can be seen at a moment: pieces to draw, the lines so far, and whether more is to come."""

    pieces: Sequence[Piece]
    lines: Sequence[str]
    is_over: bool


def watch(
    named: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|SWEEP",
            help="A run folder, its name, or a sweep.  [default: the newest run]",
            autocompletion=completion.runs_and_sweeps,
        ),
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Print the present state, and end.")] = False,
    exit_status: Annotated[
        bool,
        typer.Option("--exit-status", help="Exit with 0 if it finished, 3 if a run diverged, else 1."),
    ] = False,
    runs: Runs = None,
) -> None:
    """Watch a training or a sweep that runs elsewhere, until it ends.

    Shows the curves, the patience and the time left, and whether its process is alive. Nothing is written, so
    it may be started and stopped at any time. Without a terminal, it prints one line per epoch or trial.

    \b
    Examples:
      nnlab watch
      nnlab watch mnist_softmax-001 --once
      nnlab watch rates --exit-status && nnlab report rates
    """
    from nnlab.runs.find import find, runs_folder, runs_of_sweep

    runs_dir = runs_folder(runs)
    if named is not None and runs_of_sweep(runs_dir, named):
        ended = _watch_sweep(runs_dir, named, once=once)
    else:
        ended = _watch_run(find(runs_dir, named), once=once)
    if exit_status and ended is not None:
        raise ended


def _watch_run(run: Run, *, once: bool) -> NnlabError | None:
    """Show a run until it ends; return the error with which it ended, or that it has not ended."""
    from nnlab.analysis.watching import watched

    status: Status = "training"

    def look() -> Look:
        nonlocal status
        state = watched(run, run.name)
        status = state.status
        return Look(_pieces_of(run, state), _lines_of(state), is_over=state.status != "training")

    _show(look, once=once)
    if status == "finished":
        return None
    if status == "diverged":
        return DivergedError(f"{run} diverged")
    return NnlabError(f"{run} has not finished: {WORDS[status]}")


WORDS = {
    "training": "in training",
    "finished": "finished",
    "diverged": "diverged",
    "interrupted": "interrupted",
    "gone": "its process is gone",
}


def _pieces_of(run: Run, state: Watched) -> list[Piece]:
    """Return the state of a run: what is known, and its curves."""
    from nnlab.cli import plot_view
    from nnlab.rendering.formatters import counted, decimals, duration, percent

    rows, experiment = state.history.rows, state.experiment
    lines = [f"{state.history.name}: epoch {len(rows)} of {experiment.epochs}; {WORDS[state.status]}"]
    if rows:
        last = rows[-1]
        accuracy = "" if last.val_accuracy is None else f", accuracy {percent(last.val_accuracy)}"
        best_epoch = state.history.best_epoch
        says_more = best_epoch and (experiment.monitor, best_epoch) != ("epoch", last.epoch)
        best = f"; best was epoch {best_epoch}" if says_more else ""
        lines.append(f"validation loss {decimals(last.val_loss)}{accuracy}{best}")
    if state.status == "training":
        heartbeat = f"last epoch {duration(state.since_last_epoch)} ago" if rows else "no epoch yet"
        left = "" if state.seconds_left is None else f"; at most about {duration(state.seconds_left)} left"
        patience = (
            "" if state.patience_left is None else f"; patience {counted(state.patience_left, 'epoch')}"
        )
        lines.append(f"{heartbeat}{left}{patience}")
    elif state.status in ("gone", "interrupted"):
        lines.append(f"nnlab train --resume {shlex.quote(str(run))} continues it")
    pieces: list[Piece] = ["\n".join(lines)]
    return pieces + (plot_view.curves([state.history]) if len(rows) > 1 else [])


def _lines_of(state: Watched) -> list[str]:
    """Return one line per epoch and, at the end, one that says how it ended."""
    from nnlab.rendering.formatters import decimals, percent

    lines = []
    for row in state.history.rows:
        accuracy = "" if row.val_accuracy is None else f"  val_accuracy {percent(row.val_accuracy)}"
        epoch = f"epoch {row.epoch} of {state.experiment.epochs}"
        lines.append(f"{epoch}  val_loss {decimals(row.val_loss)}{accuracy}")
    return lines if state.status == "training" else [*lines, WORDS[state.status]]


def _watch_sweep(runs_dir: Path, named: str, *, once: bool) -> NnlabError | None:
    """Show a sweep until its process ends; return an error if trials are left. A diverged one is not left."""
    from nnlab.analysis.watching import watched
    from nnlab.rendering.formatters import counted
    from nnlab.runs.find import find_all, runs_of_sweep
    from nnlab.runs.lock import is_locked
    from nnlab.runs.run import Run
    from nnlab.sweeps.store import read_plan

    folder = runs_of_sweep(runs_dir, named)[0].folder.parent
    left = 0
    ended: dict[str, Watched] = {}  # is not read again
    broken: dict[str, str] = {}

    def look() -> Look:
        nonlocal left
        is_alive = is_locked(Run(folder))
        planned = set(read_plan(folder))
        running = []
        broken.clear()
        for run in find_all(folder):
            if run.name in ended or (planned and run.name not in planned):
                continue
            try:
                state = watched(run, run.name)
            except NnlabError as error:
                broken[run.name] = str(error)
                continue
            if state.status in ("finished", "diverged"):
                ended[run.name] = state
            else:
                running.append(state)
        total = max(len(planned), len(ended) + len(running) + len(broken))
        left = total - len(ended)
        lines = [
            f"{state.history.name}  {WORDS[state.status]}"
            for state in (*ended.values(), *running)
            if state.status != "training"
        ]
        lines += [f"{name}  broken: {reason}" for name, reason in broken.items()]
        states = [*ended.values(), *running]
        pieces = _pieces_of_sweep(folder.name, states, total, broken=len(broken), is_alive=is_alive)
        return Look(pieces, lines, is_over=not is_alive)

    _show(look, once=once)
    have = "has" if left == 1 else "have"
    return NnlabError(f"{counted(left, 'trial')} of {named} {have} not finished") if left else None


def _pieces_of_sweep(
    name: str, states: Sequence[Watched], total: int, *, broken: int, is_alive: bool
) -> list[Piece]:
    """Return how many trials are in which state, and those that are being trained."""
    from collections import Counter

    from nnlab.rendering.formatters import count, percent
    from nnlab.rendering.pieces import Column, Table

    counts = Counter(WORDS_OF_TRIALS[state.status] for state in states)
    counts["broken"] = broken
    counts["not begun"] = total - len(states) - broken
    shown = ", ".join(f"{count(number)} {words}" for words, number in counts.items() if number)
    process = "its process is alive" if is_alive else "its process has ended"
    pieces: list[Piece] = [f"{printable(name)}: of {count(total)} trials, {shown}; {process}"]
    running = [state for state in states if state.status == "training"]
    if running:
        last = [state.history.rows[-1] if state.history.rows else None for state in running]
        columns = {
            "trial": Column([state.history.name for state in running]),
            "epoch": Column([f"{len(state.history.rows)} of {state.experiment.epochs}" for state in running]),
            "val_accuracy": Column(
                [None if row is None else row.val_accuracy for row in last], percent, missing="–"
            ),
        }
        pieces.append(Table(columns))
    return pieces


WORDS_OF_TRIALS = {
    "training": "running",
    "finished": "finished",
    "diverged": "diverged",
    "interrupted": "interrupted",
    "gone": "stopped",
}


def _show(look: Callable[[], Look], *, once: bool) -> None:
    """Show what `look` returns until it is over: drawn on a terminal, elsewhere line by line."""
    if once:
        write_result(*look().pieces)
    elif is_terminal(sys.stdout):
        _show_live(look)
    else:
        shown: set[str] = set()
        while True:
            seen = look()
            new = [line for line in seen.lines if line not in shown]
            is_read = write_stdout("".join(f"{printable(line)}\n" for line in new))
            shown.update(new)
            if seen.is_over or not is_read:
                return
            time.sleep(EVERY)


def _show_live(look: Callable[[], Look]) -> None:
    """Draw the pieces again and again in place; the last ones stay."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from nnlab.rendering.formats import render

    console = Console()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            seen = look()
            width = min(console.width, 80)
            for number in range(len(seen.pieces), 0, -1):  # as many pieces as fit
                drawn = render(seen.pieces[:number], width=width).rstrip("\n")
                if drawn.count("\n") < console.height - 1:
                    break
            live.update(Text(drawn), refresh=True)
            if seen.is_over:
                return
            time.sleep(EVERY)
