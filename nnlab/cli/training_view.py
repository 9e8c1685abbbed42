"""Shows a training on stderr."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING, Never

from tqdm import tqdm

from nnlab.cli.output import write_stderr
from nnlab.config import Experiment, defaults
from nnlab.config.digest import without_defaults
from nnlab.datasets import DATASETS
from nnlab.files import printable
from nnlab.network import number_of_parameters
from nnlab.rendering.formatters import counted, decimals, duration, percent, text

if TYPE_CHECKING:
    from nnlab.jobs.callbacks import TrainingResult, TrainingStarted
    from nnlab.runs.run import Run
    from nnlab.runs.summary import Summary
    from nnlab.training import Epoch

FIGURES = "epoch  train loss  accuracy    val loss  accuracy  seconds"
HEADER = f"""\
{"":60}epochs without
{FIGURES}  improvement"""

BAR_WITH_REST = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{rate_fmt}{postfix}]"


class TrainingView:
    """The output of a training: one line per epoch and, on a terminal, a progress bar."""

    def __init__(self, *, quiet: bool, verbose: bool, bar: bool) -> None:
        """Choose how much to print, and whether to draw a `bar` while an epoch runs."""
        self._quiet = quiet
        self._verbose = verbose
        self._draws_bar = bar
        self._bar: tqdm[Never] | None = None
        self._experiment: Experiment | None = None  # once a training has begun
        self._examples = 0
        self._epoch = 1
        self._seconds: list[float] = []  # of the epochs

    def begin(self, started: TrainingStarted) -> None:
        """Print what is trained on which examples, or after which epoch a run is resumed."""
        self._experiment = started.experiment
        self._examples, self._epoch = started.train_examples, started.epoch + 1
        if started.is_resumed:
            self._write(f"Resuming {printable(str(started.run))} after epoch {started.epoch}")
        else:
            self._describe(started)
        self._write((f"\n{FIGURES if started.experiment.monitor == 'epoch' else HEADER}", "bold"))

    def _describe(self, started: TrainingStarted) -> None:
        experiment, environment = started.experiment, started.environment
        widths = "–".join(map(str, experiment.architecture))
        parameters = number_of_parameters(experiment.architecture)
        kinds = list(dict.fromkeys(experiment.hidden_activations))
        hidden = f"{', '.join(kinds)} neurons, " if kinds else ""
        batches = "one batch" if experiment.batch_size == "full" else f"batches of {experiment.batch_size}"
        self._write((experiment.name, "bold"), f": {widths}, {parameters:,} parameters")
        self._write(f"{hidden}{experiment.output} output, {experiment.loss} loss")
        held_back = f"{experiment.validation_size:,} for validation"
        self._write(
            f"{counted(started.train_examples, 'example')} of {DATASETS[experiment.dataset].title}, "
            f"{held_back if experiment.validation_size else 'also used for validation'}"
        )
        self._write(f"η {experiment.eta:g}, {batches}, seed {experiment.seed}")
        if methods := _methods(experiment):
            self._write(textwrap.fill(methods, 80, break_on_hyphens=False))
        if self._verbose:
            blas = ", ".join(f"{library['library']} {library['version']}" for library in environment.blas)
            into = f"into {printable(str(started.run))}; NumPy {environment.numpy}, {blas}"
            self._write(f"{into}, threads: {environment.threads}")

    def advance(self, examples: int) -> None:
        """Move the bar on by `examples`."""
        if not self._draws_bar:
            return
        if self._bar is None:
            rest = self._rest()
            self._bar = tqdm(
                desc=f"{self._epoch:5}",
                postfix=rest,
                total=self._examples,
                leave=False,
                delay=0.5,  # seconds: a short epoch needs no bar
                dynamic_ncols=True,
                unit=" examples",
                unit_scale=True,
                bar_format=BAR_WITH_REST if rest else None,
            )
        self._bar.update(examples)

    def _rest(self) -> str:
        """Return how long the epochs that are left take at most, if each takes as long as those before."""
        if not self._seconds or self._experiment is None:
            return ""
        left = (self._experiment.epochs - self._epoch + 1) * sum(self._seconds) / len(self._seconds)
        return f"at most about {duration(left)} left"

    def epoch(self, epoch: Epoch) -> None:
        """Print the figures of `epoch`, whether it improved, and how much of the patience is used up."""
        self._end_bar()
        self._epoch = epoch.epoch + 1
        self._seconds.append(epoch.seconds)
        words, style = _verdict(epoch, self._experiment)
        self._write(
            f"{epoch.epoch:5}  {decimals(epoch.train_loss):>10}  {percent(epoch.train_accuracy):>8}  "
            f"{decimals(epoch.val_loss):>10}  {percent(epoch.val_accuracy):>8}  {epoch.seconds:7.2f}",
            (f"  {words}" if words else "", style),
        )

    def end(self, trained: TrainingResult) -> None:
        """Print how the training ended, which epoch was best, and what to type next."""
        self._end_bar()
        run, summary = trained.run, trained.summary
        if self._experiment is None:
            self._report_nothing_to_do(trained)
        elif trained.is_stopped:
            self._report_interruption(run, summary)
        elif summary.stop_reason != "diverged":  # divergence is an error with its own message
            self._report_end(trained)

    def _report_nothing_to_do(self, trained: TrainingResult) -> None:
        summary, schedule = trained.summary, trained.experiment.schedule
        ended = f"{printable(str(trained.run))} has already ended after epoch {summary.epochs}"
        if summary.stop_reason == "patience":
            remedy = "resume it with a larger patience=N"
        elif summary.stop_reason == "plateau" or trained.experiment.schedule_options.depends_on_epochs:
            remedy = f"with schedule {schedule}, η has fallen to its end, so nothing is left to train"
        else:
            remedy = "resume it with a larger epochs=N"
        self._write(f"{ended}; {remedy}")

    def _report_interruption(self, run: Run, summary: Summary) -> None:
        done = summary.epochs
        kept = f"the epochs up to {done} are" if done else "no epoch was done; the starting weights are"
        self._write(f"\nInterrupted; {kept} kept.")
        self._suggest(f"nnlab train --resume {shlex.quote(str(run))}")

    def _report_end(self, trained: TrainingResult) -> None:
        summary, guess = trained.summary, trained.loss_of_a_guess
        patience = max(trained.experiment.patience or 0, 1)
        waited = f"no improvement of {summary.monitor} in {counted(patience, 'epoch')}"
        why = {"patience": waited, "plateau": "η has fallen to the least that its schedule allows"}.get(
            summary.stop_reason or "", "all epochs are done"
        )
        self._write(f"\nStopped after epoch {summary.epochs}, {summary.seconds:.1f} s: {why}.")
        accuracy = "" if summary.val_accuracy is None else f", val_accuracy {percent(summary.val_accuracy)}"
        which = (
            "The last epoch is kept" if summary.monitor == "epoch" else f"Best was epoch {summary.best_epoch}"
        )
        self._write(f"{which}: val_loss {decimals(summary.val_loss)}{accuracy}.")
        if summary.val_loss is not None and guess is not None and 0 < guess < summary.val_loss:
            remedy = (
                "take a smaller eta" if summary.val_loss > 2 * guess else "train longer, or try another eta"
            )
            self._write((f"Worse than guessing, which has val_loss {decimals(guess)}; {remedy}.", "yellow"))
        run = shlex.quote(str(trained.run))
        self._suggest(f"nnlab eval {run}", f"nnlab report {run}")

    def _write(self, *parts: str | tuple[str, str]) -> None:
        if not self._quiet:
            write_stderr(*parts)

    def _suggest(self, *commands: str) -> None:
        first, *others = ((printable(command), "bold") for command in commands)
        self._write("Next: ", first, *(part for other in others for part in (" or ", other)))

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _methods(experiment: Experiment) -> str:
    """Return what a config adds to plain SGD: its keys from optimiser to augmentation that say more."""
    values, usual = experiment.model_dump(), defaults()
    keys = list(values)
    added = keys[keys.index("optimiser") : keys.index("augmentation") + 1]
    found = {key: without_defaults(key, values[key], values) for key in added if values[key] != usual[key]}
    return ", ".join(f"{key} {text(value)}" for key, value in found.items() if value != {})


def _verdict(epoch: Epoch, experiment: Experiment | None) -> tuple[str, str]:
    """Return a few words about the improvement of an epoch, and their style."""
    if epoch.stop_reason == "diverged":
        return "diverged", "red"
    if experiment is None or experiment.monitor == "epoch":
        return "", ""
    if epoch.improved:
        return "improved", "green"
    best = "best, but by no more than min_delta; " if epoch.is_best else ""
    if epoch.patience_left is None:
        return f"{best}no improvement", ""
    allowed = max(experiment.patience or 0, 1)
    return f"{best}{allowed - epoch.patience_left} of {allowed}", ""
