"""Runs are grouped by setting, and groups are compared by the seeds that they share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.analysis.agreement import agreements
from nnlab.analysis.groups import Group, against, compare_groups, differences, find_group
from nnlab.analysis.statistics import describe
from nnlab.config import Experiment, dump
from nnlab.errors import UsageError
from nnlab.runs.find import find_all
from tests.laboratory import STEP
from tests.trainings import OFFLINE, train
from tests.untrained_runs import make_untrained_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three settings with three seeds each; one of them is better on the validation images."""
    for eta, accuracies in {
        0.1: (0.90, 0.91, 0.92),
        0.5: (0.95, 0.96, 0.94),
        1.0: (0.80, 0.81, 0.85),
    }.items():
        for seed, accuracy in enumerate(accuracies):
            make(tmp_path, f"{eta}-{seed}", eta=eta, seed=seed, accuracy=accuracy)
    return tmp_path


def make(runs: Path, name: str, *, accuracy: float | None, test: float | None = None, **keys: object) -> None:
    status = keys.pop("status", "finished")
    summary = {
        "val_accuracy": accuracy,
        "val_loss": None if accuracy is None else 1 - accuracy,
        "status": status,
    }
    make_untrained_run(runs / name, summary=summary, test_accuracy=test, name=name.replace("-", "_"), **keys)


def groups_of(runs: Path, **options: object) -> list[Group]:
    return compare_groups(find_all(runs), runs_dir=runs, **options)  # type: ignore[arg-type]


def test_groups_are_ranked_by_their_mean_validation_accuracy(runs: Path) -> None:
    groups = groups_of(runs)
    assert [group.label for group in groups] == ["eta=0.5", "eta=0.1", "eta=1.0"]
    assert groups[0].figures["val_accuracy"].mean == pytest.approx(0.95)
    assert groups[0].seeds == (0, 1, 2)
    assert groups[0].setting == {"eta": 0.5}
    assert len(groups[0].runs) == 3


def test_test_figures_do_not_rank(runs: Path) -> None:
    make(runs, "1.0-7", eta=1.0, seed=7, accuracy=0.8, test=0.999)
    groups = groups_of(runs)
    assert groups[-1].label == "eta=1.0"
    assert groups[-1].figures["test_accuracy"].n == 1


def test_a_regression_is_ranked_by_its_loss(tmp_path: Path) -> None:
    for eta, loss in ((0.1, 0.3), (0.2, 0.1)):
        run = make_untrained_run(tmp_path / f"step-{eta}", summary={"val_accuracy": None, "val_loss": loss})
        run.config_yaml.write_text(dump(Experiment.model_validate(STEP | {"eta": eta})))
    groups = groups_of(tmp_path)
    assert [group.label for group in groups] == ["eta=0.2", "eta=0.1"]
    assert groups[0].selection_figure == "val_loss"


def test_options_of_a_dataset_are_keys_of_their_own(tmp_path: Path) -> None:
    for steps in (2, 3):
        run = make_untrained_run(
            tmp_path / f"s-{steps}", summary={"val_accuracy": None, "val_loss": steps / 10}
        )
        run.config_yaml.write_text(
            dump(Experiment.model_validate(STEP | {"dataset_options": {"steps": steps, "examples": 40}}))
        )
    groups = groups_of(tmp_path)
    assert [group.label for group in groups] == ["dataset_options.steps=2", "dataset_options.steps=3"]
    assert find_group(groups, "dataset_options.steps=3") is groups[1]
    with pytest.raises(UsageError, match="learn from different data"):
        differences(groups, "best")


def test_only_finished_and_diverged_runs_have_figures(runs: Path) -> None:
    make(runs, "0.5-3", eta=0.5, seed=3, accuracy=0.1, status="interrupted")
    make(runs, "0.5-4", eta=0.5, seed=4, accuracy=0.5, status="diverged")
    make(runs, "0.5-5", eta=0.5, seed=5, accuracy=None, status="diverged")
    group = find_group(groups_of(runs), "eta=0.5")
    assert (group.diverged, group.unfinished, group.broken) == (2, 1, 0)
    assert group.figures["val_accuracy"].n == 4
    assert group.figures["val_accuracy"].minimum == 0.5


def test_the_same_seed_counts_once(runs: Path) -> None:
    make(runs, "0.5-again", eta=0.5, seed=0, accuracy=0.95)
    group = groups_of(runs)[0]
    assert group.figures["val_accuracy"].n == 3
    assert len(group.runs) == 4


def test_a_broken_run_is_counted_or_left_out(runs: Path) -> None:
    (runs / "0.5-0" / "summary.json").write_text("{")
    (runs / "0.1-0" / "config.yaml").write_text("eta: [")
    groups = groups_of(runs)
    assert find_group(groups, "eta=0.5").broken == 1
    assert find_group(groups, "eta=0.1").figures["val_accuracy"].n == 2


def test_conditions_choose_runs_before_they_are_grouped(runs: Path) -> None:
    groups = groups_of(runs, where=["seed<2"])
    assert all(group.figures["val_accuracy"].n == 2 for group in groups)
    assert groups_of(runs, where=["eta=7"]) == []


def test_groups_are_sorted_by_any_column(runs: Path) -> None:
    labels = [group.label for group in groups_of(runs, sort="eta")[:2]]
    assert labels == ["eta=0.1", "eta=0.5"]
    assert groups_of(runs, sort="-val_accuracy_sd")[0].label == "eta=1.0"
    with pytest.raises(UsageError, match="groups have no column 'val_acc'"):
        groups_of(runs, sort="val_acc")


@pytest.mark.parametrize("named", ["eta=0.1", "0.1-digest", "best"])
def test_a_group_is_found_by_its_label_its_digest_or_as_the_best(runs: Path, named: str) -> None:
    groups = groups_of(runs)
    by_label = {group.label: group for group in groups}
    if named == "0.1-digest":
        named = by_label["eta=0.1"].digest[:8]
    expected = groups[0] if named == "best" else by_label["eta=0.1"]
    assert find_group(groups, named) is expected


def test_an_unknown_group_is_an_error_that_names_all(runs: Path) -> None:
    with pytest.raises(UsageError, match=r"'eta=3'; name one of: eta=0\.5; eta=0\.1"):
        find_group(groups_of(runs), "eta=3")


def test_a_part_of_a_label_that_fits_several_groups_is_an_error(runs: Path) -> None:
    make(runs, "other-0", eta=0.1, l2=0.5, seed=0, accuracy=0.9)
    with pytest.raises(UsageError, match="2 groups match"):
        find_group(groups_of(runs), "eta=0.1")
    assert find_group(groups_of(runs), "eta=0.1 l2=0.5").setting["l2"] == 0.5


def test_differences_are_paired_by_seed(runs: Path) -> None:
    """Against 0.90, 0.91, 0.92: the differences are 0.05, 0.05, 0.02 and −0.10, −0.10, −0.07."""
    found = {each.group.label: each for each in differences(groups_of(runs), "eta=0.1")}
    better = found["eta=0.5"]
    assert better.test is not None
    assert better.test.difference == pytest.approx(0.04)
    assert (better.test.n, better.test.p, better.p_holm) == (3, 0.25, 0.5)
    assert better.sentence() == (
        "eta=0.5 is 4.00 ± 4.30 points better than eta=0.1 in validation accuracy (3 seeds, p = 0.5 after "
        "Holm's correction); 3 seeds are too few for p < 0.05, which takes 7."
    )
    assert "points worse than" in found["eta=1.0"].sentence()


def test_the_best_is_chosen_by_its_figures_so_all_pairs_count(runs: Path) -> None:
    """Of three groups there are three pairs: 0.25 · 3 and 0.25 · 2, not smaller than the one before."""
    assert [each.p_holm for each in differences(groups_of(runs), "best")] == [0.75, 0.75]


def test_groups_that_are_not_shown_count_as_comparisons(runs: Path) -> None:
    shown = differences(groups_of(runs), "eta=1.0", top=1)
    assert [(each.group.label, each.comparisons) for each in shown] == [("eta=0.5", 2)]


def test_a_group_without_figures_cannot_be_compared_with(runs: Path) -> None:
    make(runs, "2.0-0", eta=2.0, seed=0, accuracy=0.1, status="interrupted")
    with pytest.raises(UsageError, match=r"eta=2\.0 has no figures yet; finish its runs"):
        differences(groups_of(runs), "eta=2.0")


def test_the_test_against_the_best_keeps_its_level() -> None:
    """Where ten groups are equal, the best of them differs from another in at most 5% of the families."""
    rng = np.random.default_rng(3)
    families, found = 500, 0
    for _ in range(families):
        values = rng.normal(0.9, 0.01, (10, 11)).tolist()
        groups = [equal_group(number, dict(enumerate(row))) for number, row in enumerate(values)]
        best = find_group(groups, "best")
        tested = against(groups, best, "val_accuracy", is_chosen=True)
        found += any(each.p_holm is not None and each.p_holm < 0.05 for each in tested)
    assert found / families <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / families)
    assert found > 0, "it has power"


def equal_group(number: int, by_seed: dict[int, float]) -> Group:
    return Group(
        label=f"g={number}",
        setting={"g": number},
        digest=f"{number:064x}",
        runs=(),
        values={"val_accuracy": by_seed},
        figures={"val_accuracy": describe(list(by_seed.values()))},
    )


def test_only_common_seeds_are_compared(runs: Path) -> None:
    make(runs, "0.5-9", eta=0.5, seed=9, accuracy=0.2)
    better = differences(groups_of(runs), "eta=0.1")[0]
    assert better.test is not None
    assert better.test.n == 3


def test_groups_without_a_common_seed_cannot_be_compared(tmp_path: Path) -> None:
    make(tmp_path, "a", eta=0.1, seed=0, accuracy=0.9)
    make(tmp_path, "b", eta=0.2, seed=1, accuracy=0.8)
    (only,) = differences(groups_of(tmp_path), "best")
    assert only.sentence() == "eta=0.2 and eta=0.1 have no seed with figures in common; train the same seeds."


def test_groups_without_a_common_test_figure_are_to_be_measured(tmp_path: Path) -> None:
    make(tmp_path, "a", eta=0.1, seed=0, accuracy=0.9, test=0.9)
    make(tmp_path, "b", eta=0.2, seed=0, accuracy=0.8)
    *_, last = differences(groups_of(tmp_path), "eta=0.1")
    assert last.sentence() == (
        "eta=0.2 and eta=0.1 have no seed with test figures in common; measure the runs with nnlab eval."
    )


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        ([0.95, 0.94, 0.96, 0.95, 0.97, 0.94, 0.95, 0.96], "chance alone rarely makes such a difference"),
        ([0.95, 0.85, 0.96, 0.84, 0.97, 0.86, 0.85, 0.96], "chance alone may well make such a difference"),
        ([0.90] * 8, "are equal"),
    ],
)
def test_a_sentence_says_what_chance_may_do(tmp_path: Path, accuracies: list[float], words: str) -> None:
    for seed, accuracy in enumerate(accuracies):
        make(tmp_path, f"a-{seed}", eta=0.1, seed=seed, accuracy=accuracy)
        make(tmp_path, f"b-{seed}", eta=0.2, seed=seed, accuracy=0.90)
    (only,) = differences(groups_of(tmp_path), "eta=0.2")
    assert words in only.sentence()


def test_a_lower_loss_is_better(tmp_path: Path) -> None:
    for seed in range(3):
        for eta, loss in ((0.1, 0.3 + seed / 10), (0.2, 0.1 + seed / 10)):
            run = make_untrained_run(
                tmp_path / f"step-{eta}-{seed}", summary={"val_accuracy": None, "val_loss": loss}
            )
            run.config_yaml.write_text(dump(Experiment.model_validate(STEP | {"eta": eta, "seed": seed})))
    (only,) = differences(groups_of(tmp_path), "eta=0.1")
    assert only.sentence().startswith("eta=0.2 is 0.2000 ± 0.0000 better than eta=0.1 in validation loss")


def test_single_runs_are_compared_on_the_same_images(tmp_path: Path) -> None:
    first, second = train(tmp_path, eta=0.5), train(tmp_path, eta=0.1)
    (one,) = agreements([("second", second)], ("first", first), OFFLINE)
    assert one.examples == 10_000
    assert one.errors[1] - one.errors[0] == one.only_run - one.only_reference
    assert one.only_run > one.only_reference
    assert one.p == one.p_holm < 0.05
    assert one.sentence().startswith(
        f"second makes {one.errors[1] - one.errors[0]:,} fewer errors than first"
    )
    (same,) = agreements([("again", first)], ("first", first), OFFLINE)
    assert (same.only_run, same.only_reference, same.p) == (0, 0, 1)
    assert same.sentence() == "again and first make the same number of errors."


def test_runs_of_different_datasets_are_not_compared(tmp_path: Path) -> None:
    first = train(tmp_path)
    other = make_untrained_run(tmp_path / "other", dataset="fashion_mnist")
    with pytest.raises(UsageError, match="have different test images"):
        agreements([("other", other)], ("first", first), OFFLINE)
