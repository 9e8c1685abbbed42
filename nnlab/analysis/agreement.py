"""Single runs on the same test images: McNemar's exact test of whether one makes fewer errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.analysis import statistics
from nnlab.analysis.evaluation import predictions
from nnlab.analysis.statistics import LEVEL, Interval
from nnlab.datasets import DATASETS
from nnlab.errors import UsageError
from nnlab.runs.run import config_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.datasets import Source
    from nnlab.runs.run import Run


@dataclass(frozen=True)
class Agreement:
    """Two runs on the same test images: how many each alone has right, and McNemar's exact test."""

    run: str
    reference: str
    examples: int
    errors: tuple[int, int]  # of the run, and of the reference
    only_run: int
    only_reference: int
    p: float
    p_holm: float
    comparisons: int

    def intervals(self) -> tuple[Interval, Interval]:
        """Return Wilson's intervals of the accuracy of the run and of the reference."""
        ours, theirs = (statistics.wilson_interval(self.examples - n, self.examples) for n in self.errors)
        return ours, theirs

    def accuracies(self) -> tuple[float, float]:
        """Return the accuracy of the run and of the reference."""
        ours, theirs = (1 - errors / self.examples for errors in self.errors)
        return ours, theirs

    def row(self) -> dict[str, object]:
        """Return the comparison as a flat row, with Wilson's interval for each accuracy."""
        (accuracy, of_reference), (ours, theirs) = self.accuracies(), self.intervals()
        return {
            "run": self.run,
            "against": self.reference,
            "examples": self.examples,
            "accuracy": accuracy,
            "low": ours.low,
            "high": ours.high,
            "against_accuracy": of_reference,
            "against_low": theirs.low,
            "against_high": theirs.high,
            "only_run": self.only_run,
            "only_against": self.only_reference,
            "p": self.p,
            "p_holm": self.p_holm,
        }

    def sentence(self) -> str:
        """Return the comparison in plain words."""
        difference = self.errors[1] - self.errors[0]
        if not difference:
            return f"{self.run} and {self.reference} make the same number of errors."
        less = "fewer" if difference > 0 else "more"
        fewer = f"{abs(difference):,} {less} error{'' if abs(difference) == 1 else 's'}"
        corrected = " after Holm's correction" if self.comparisons > 1 else ""
        chance = "rarely makes" if self.p_holm < LEVEL else "may well make"
        return (
            f"{self.run} makes {fewer} than {self.reference} (p = {self.p_holm:.2g}{corrected}); "
            f"the choice of the test images alone {chance} such a difference."
        )


def agreements(
    runs: Sequence[tuple[str, Run]], reference: tuple[str, Run], source: Source
) -> list[Agreement]:
    """Compare each of `runs`, by name, with the reference, on the test images of their dataset.

    p-values are corrected for the number of runs (Holm 1979). Raises `UsageError` for other datasets or for a
    regression, `RunError` and `DatasetError`.
    """
    named, of_reference = reference[0], config_of(reference[1])
    if not DATASETS[of_reference.dataset].classes:
        raise UsageError(f"{named} is a regression; McNemar's test needs classes")
    labels, theirs = predictions(reference[1], of_reference, source)
    right = theirs == labels
    counts = []
    for name, run in runs:
        config = config_of(run)
        if (config.dataset, config.dataset_options) != (of_reference.dataset, of_reference.dataset_options):
            raise UsageError(f"{name} and {named} have different test images; compare runs of one dataset")
        ours = predictions(run, config, source)[1] == labels
        counts.append((name, int((~ours).sum()), int((ours & ~right).sum()), int((right & ~ours).sum())))
    p_values = [statistics.mcnemar_p(only_run, only_reference) for _, _, only_run, only_reference in counts]
    return [
        Agreement(
            run=name,
            reference=named,
            examples=len(labels),
            errors=(errors, int((~right).sum())),
            only_run=only_run,
            only_reference=only_reference,
            p=p,
            p_holm=p_holm,
            comparisons=len(counts),
        )
        for (name, errors, only_run, only_reference), p, p_holm in zip(
            counts, p_values, statistics.holm(p_values), strict=True
        )
    ]
