"""Shows the plan of a sweep, and a sweep while it runs."""

from __future__ import annotations

import math
import shlex
from collections import Counter, defaultdict
from statistics import fmean
from time import monotonic
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from nnlab.cli.output import write_stderr
from nnlab.files import printable
from nnlab.rendering.formatters import counted, decimals, digest, duration, percent
from nnlab.rendering.pieces import Column, Table
from nnlab.sweeps.sweep import Callbacks, Progress
from nnlab.sweeps.work import work_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from nnlab.rendering.pieces import Piece
    from nnlab.runs.summary import Summary
    from nnlab.sweeps.plan import Plan, State, Trial
    from nnlab.sweeps.work import Options
    from nnlab.sweeps.workers import Progress as TrialProgress
    from nnlab.sweeps.workers import Workers

HEADER = f"{'trial':>9}  {'validation':>10}  {'best epoch':>10}  seconds  setting"
REDRAW = 0.5  # seconds between two drawings of the live table
MOST_SHOWN = 16  # running trials in the live table
ROUNDS = {9: "ninth", 3: "third"}  # the shares of the epochs in a halving
STATES: dict[State, str] = {
    "finished": "finished",
    "diverged": "diverged",
    "made": "trained by hand before",
    "interrupted": "interrupted",
    "broken": "broken",
    "missing": "missing",
}


def pieces_of(plan: Plan, options: Options, jobs: int) -> list[Piece]:
    """Return the settings of a plan, how many of their trials are done, and how long the others may take."""
    work = work_of(plan, options)
    states = Counter("missing" if options.repeats else planned.state for planned in plan.trials)
    by_setting: dict[str, Counter[State]] = defaultdict(Counter)
    settings = {}
    for planned in plan.trials:
        setting = planned.trial.setting
        settings[setting.digest] = setting
        by_setting[setting.digest]["missing" if options.repeats else planned.state] += 1
    keys = list(dict.fromkeys(key for setting in settings.values() for key in setting.varied))
    columns = {key: Column([setting.varied.get(key) for setting in settings.values()]) for key in keys}
    counts = [by_setting[key] for key in settings]
    table = Table(
        {
            "setting": Column(list(settings), digest),
            **columns,
            "trials": Column([sum(count.values()) for count in counts]),
            "done": Column([count["finished"] + count["diverged"] + count["made"] for count in counts]),
        }
    )
    found = [f"{states[state]:,} {words}" for state, words in STATES.items() if states[state]]
    seconds = [
        planned.summary.seconds for planned in plan.trials if planned.summary and planned.summary.seconds
    ]
    todo = f"To train: {len(work.train):,}"
    if not work.train:
        todo = "Nothing is left to train."
    elif work.share > 1:
        todo += f", to a {ROUNDS[work.share]} of their epochs; then, the best third of the settings goes on."
    elif seconds:
        left = max(1.0, fmean(seconds) * math.ceil(len(work.train) / jobs))
        todo += (
            f", in about {duration(left)} with {counted(jobs, 'job')}, at {fmean(seconds):.1f} s per trial."
        )
    else:
        todo += ". How long it takes is known once a trial has finished."
    if work.measure:
        todo += f"\nTo measure on the test images: {len(work.measure):,}."
    trials = f"{counted(len(settings), 'setting')}, {counted(len(plan.trials), 'trial')} in {plan.folder}"
    return [table, f"{trials}.\n{', '.join(found).capitalize()}.\n{todo}"]


class SweepView:
    """The output of a sweep on stderr: a live table on a terminal, elsewhere one line per trial."""

    def __init__(self, *, quiet: bool, live: bool, halving: bool, repeats: bool) -> None:
        """Choose what to print."""
        self._quiet, self._halving, self._repeats = quiet, halving, repeats
        self._live = Live(console=Console(stderr=True), auto_refresh=False) if live else None
        self._plan: Plan | None = None
        self._progress = Progress()
        self._workers: Workers | None = None
        self._last_draw = 0.0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the live table off the terminal."""
        if self._live is not None and self._live.is_started:
            self._live.update(Text(""), refresh=True)
            self._live.stop()

    def callbacks(self, defer_signals: Callable[[], None], should_stop: Callable[[], bool]) -> Callbacks:
        """Return callbacks that show the sweep, and call `defer_signals` when it begins."""

        def on_begin(plan: Plan, progress: Progress, workers: Workers) -> None:
            defer_signals()
            self._begin(plan, progress, workers)

        return Callbacks(
            on_begin=on_begin,
            on_end=self._end_trial,
            on_failure=self._fail,
            on_tick=self._tick,
            should_stop=should_stop,
        )

    def end(self) -> None:
        """Print how the sweep ended."""
        progress = self._progress
        if self._plan is None or self._quiet:
            return
        if progress.is_stopped:
            left = progress.total - len(progress.ended) - len(progress.failed)
            without = " without --force" if self._repeats else ""
            self._write(
                f"\nInterrupted; {counted(len(progress.ended), 'trial')} done, {left:,} left. "
                f"The epochs of the others are kept. The same command{without} continues."
            )
        elif not progress.todo and not progress.failed:
            what = f"all {progress.total:,} trials in {printable(str(self._plan.folder))} are done"
            if len(progress.ended) < progress.total:
                left = progress.total - len(progress.ended)
                what = f"{counted(len(progress.ended), 'trial')} done, {left:,} dropped by the halving"
            self._write(f"{what[0].upper()}{what[1:]}.")
        elif not progress.failed:
            dropped = f"; {progress.dropped:,} dropped" if progress.dropped else ""
            took = duration(monotonic() - progress.began)
            self._write(f"\n{counted(progress.ended_since, 'trial')} in {took}{dropped}.")

    def _begin(self, plan: Plan, progress: Progress, workers: Workers) -> None:
        self._plan, self._progress, self._workers = plan, progress, workers
        if not progress.todo:
            return
        done = f", {len(progress.ended):,} of them done" if progress.ended else ""
        self._write(
            (plan.folder.name, "bold"),
            f": {counted(progress.total, 'trial')}{done}; {workers.slots():,} at once",
        )
        if self._halving:
            self._write(
                "After 1/9 and 1/3 of the epochs, only the best third of the settings goes on.\n"
                "This favours settings that learn fast at the beginning."
            )
        if self._live is None:
            self._write((f"\n{HEADER}", "bold"))
        elif not self._quiet:
            self._live.start()

    def _end_trial(self, trial: Trial, summary: Summary) -> None:
        if self._live is not None:
            return
        figure = _shown(summary)
        number = f"{len(self._progress.ended):,}/{self._progress.total:,}"
        if summary.status in ("running", "interrupted"):
            number = f"epoch {summary.epochs}"
        elif summary.status == "diverged":
            figure = "diverged"
        best = f"{summary.best_epoch or '–'} of {summary.epochs}"
        self._write(f"{number:>9}  {figure:>10}  {best:>10}  {summary.seconds:7.1f}  {trial.label}")

    def _fail(self, trial: Trial, reason: str, log: Path | None) -> None:
        where = f"; see {shlex.quote(str(log))}" if log else ""
        line = f"{'failed':>9}  {trial.label}: {reason}{where}"
        if self._live is not None and self._live.is_started:
            self._live.console.print(Text(printable(line), "red"), soft_wrap=True)
        else:
            write_stderr((printable(line), "red"))  # a failure is no progress: -q does not hide it

    def _tick(self) -> None:
        if self._live is None or monotonic() - self._last_draw < REDRAW:
            return
        self._last_draw = monotonic()
        self._live.update(Group(Text(self._status()), self._running()), refresh=True)

    def _status(self) -> str:
        """Return one line about the whole sweep."""
        progress = self._progress
        ended, failed, running = len(progress.ended), len(progress.failed), len(progress.running)
        parts = [f"{ended:,} of {progress.total:,} done", f"{running:,} running"]
        if failed:
            parts.append(f"{failed:,} failed")
        if progress.ended_since and not self._halving:  # it drops most trials
            rate = (monotonic() - progress.began) / progress.ended_since
            parts.append(f"{duration(rate * (progress.total - ended - failed))} left")
        return " · ".join(parts)

    def _running(self) -> RichTable:
        """Return the trials that are running, and the best so far."""
        table = RichTable(box=None, pad_edge=False, header_style="bold")
        table.add_column("", min_width=7, no_wrap=True)
        table.add_column("epoch", justify="right", min_width=5, no_wrap=True)
        table.add_column("validation", justify="right", min_width=10, no_wrap=True)
        table.add_column("setting", overflow="ellipsis", no_wrap=True)
        trials = list(self._progress.running.values())
        for trial in trials[:MOST_SHOWN]:
            found = self._workers.progress(trial.run) if self._workers else None
            epoch, figure = ("–", "–") if found is None else (str(found.epoch), _shown(found))
            table.add_row("running", epoch, figure, printable(trial.label))
        if len(trials) > MOST_SHOWN:
            table.add_row("", "", "", f"and {len(trials) - MOST_SHOWN:,} more")
        if best := self._best():
            summary, label = best
            table.add_row("best", str(summary.best_epoch), _shown(summary), label, style="green")
        return table

    def _best(self) -> tuple[Summary, str] | None:
        """Return the summary and the label of the trial with the best validation figure, if any."""
        ended = self._progress.ended
        known = [name for name, summary in ended.items() if summary.val_loss is not None]
        if not known:
            return None
        best = max(known, key=lambda name: (ended[name].val_accuracy or 0, -(ended[name].val_loss or 0)))
        trial = next(trial for trial in self._progress.trials if trial.run.name == best)
        return ended[best], printable(trial.label)

    def _write(self, *parts: str | tuple[str, str]) -> None:
        if not self._quiet:
            write_stderr(*parts)


def _shown(figures: Summary | TrialProgress) -> str:
    """Return a validation figure: the accuracy, or the loss if there is none."""
    if figures.val_accuracy is not None:
        return percent(figures.val_accuracy)
    return "–" if figures.val_loss is None else decimals(figures.val_loss)
