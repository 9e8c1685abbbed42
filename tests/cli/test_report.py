"""`nnlab report`: where the page is written, and what has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.laboratory import Laboratory


@pytest.mark.usefixtures("run")
def test_the_page_is_written_and_its_path_printed(lab: Laboratory) -> None:
    outcome = lab.call("report")
    assert (outcome.code, outcome.out, outcome.err) == (0, "report.html\n", "")
    first = (lab.folder / "report.html").read_bytes()
    assert lab.call("report", "linear-001", "-o", "again.html").out == "again.html\n"
    assert (lab.folder / "again.html").read_bytes() == first


def test_a_sweep_is_compared_and_its_best_trial_shown(lab: Laboratory) -> None:
    lab.nnlab("sweep", "linear.yaml", "eta=0.01,0.1", "--seeds", "2", "epochs=1", "-q", "--name", "rates")
    assert lab.call("report", "rates").code == 0
    page = (lab.folder / "report.html").read_text()
    assert "<h1>rates</h1>" in page
    assert "Validation accuracy, by which settings are ranked and chosen" in page


def test_a_toy_has_a_page_without_images(lab: Laboratory) -> None:
    lab.nnlab("train", "xor", "-q")
    assert lab.call("report").code == 0
    page = (lab.folder / "report.html").read_text()
    assert "Learning curves" in page
    assert "Draw a digit" not in page


def test_a_regression_has_a_page_without_classes(lab: Laboratory) -> None:
    lab.nnlab("train", "step", "epochs=2", "-q")
    assert lab.call("report").code == 0
    assert "Confusion" not in (lab.folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "runs"], "cannot write runs: it is not a file; name another"),
        (["-o", "no/report.html"], "cannot write no/report.html: there is no folder no; make it first"),
    ],
)
@pytest.mark.usefixtures("run")
def test_a_mistake_is_one_line(lab: Laboratory, arguments: list[str], message: str) -> None:
    outcome = lab.call("report", *arguments)
    assert (outcome.code, outcome.err) == (2, f"nnlab: {message}\n")


def test_a_baseline_has_no_page(lab: Laboratory) -> None:
    lab.nnlab("baseline", "mean_darkness", "train_size=500", "-q")
    outcome = lab.call("report")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
