"""The page: whole, safe, and complete. What a browser does with it is in tests/browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.analysis.evaluation import best_network
from nnlab.analysis.history import history_of
from nnlab.cli.report import page_about
from nnlab.report.charts import BOTTOM, GAP, HEIGHT, Chart, Series, ticks
from nnlab.report.contents import page_of
from nnlab.report.page import rendered
from nnlab.runs import records
from nnlab.runs.run import experiment_of
from nnlab.runs.summary import Summary
from tests.trainings import OFFLINE, train

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.runs.run import Run

HOSTILE = '</title><script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(
        tmp_path_factory.mktemp("runs"),
        architecture=(784, 30, 10),
        activation="relu",
        initialisation="auto",
        description=HOSTILE,
    )


@pytest.fixture(scope="module")
def page(run: Run) -> str:
    return rendered(page_of(run, [history_of(run, run.name)], OFFLINE))


class Elements(HTMLParser):
    """The elements of a page, with their attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.contents: dict[str, list[str]] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        self.contents.setdefault(self._inside, []).append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_nothing_is_fetched(page: str) -> None:
    elements = Elements(page)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {name for name, _ in elements.found}
    for name, attributes in elements.found:
        for attribute in ("src", "href", "action", "srcset", "poster", "data"):
            value = attributes.get(attribute)
            assert value is None or value.startswith(("data:image/png;base64,", "#")), (name, value)
        assert "style" not in attributes
        assert not [attribute for attribute in attributes if attribute.startswith("on")]
    assert "://" not in page


def test_the_policy_allows_nothing_but_this_style_and_this_script(page: str) -> None:
    elements = Elements(page)
    (policy,) = (each["content"] for each in elements.of("meta") if each.get("http-equiv"))
    assert policy is not None
    contents = {"style": "".join(elements.contents["style"]), "script": elements.contents["script"][-1]}
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for name, tag in (("style-src", "style"), ("script-src", "script")):
        content = contents[tag]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


def test_a_description_cannot_inject_markup(page: str) -> None:
    assert HOSTILE not in page
    assert "&lt;/title&gt;&lt;script&gt;alert(1)" in page
    assert len(Elements(page).of("script")) == 2


def test_it_is_small(page: str) -> None:
    assert len(page.encode()) < 3_000_000


def test_it_shows_every_section(page: str) -> None:
    anchors = {each["href"] for each in Elements(page).of("a") if each["href"]}
    names = {each.get("id") for _, each in Elements(page).found}
    assert {
        f"#{name}" for name in ("results", "curves", "draw", "confusion", "mistakes", "weights")
    } <= anchors
    assert {"#calibration", "#trained"} <= anchors
    assert {anchor.removeprefix("#") for anchor in anchors} <= names, "every link leads somewhere"


def test_every_image_and_every_chart_says_what_it_shows(page: str) -> None:
    elements = Elements(page)
    assert all(each.get("alt") for each in elements.of("img"))
    assert len(elements.of("svg")) == 3
    for each in elements.of("svg"):
        assert each["role"] == "img"
        for identifier in (each["aria-labelledby"] or "").split():
            assert f'id="{identifier}"' in page
    assert all(each.get("aria-label") for each in elements.of("canvas"))


def test_the_figures_are_those_of_the_run(page: str, run: Run) -> None:
    summary = records.read(run.summary_json, Summary)
    assert f"{summary.val_accuracy:.2%}" in page
    assert summary.weights_sha256 in page
    assert f"nnlab train {run}/config.yaml" in page


def test_the_weights_are_those_of_the_run(page: str, run: Run) -> None:
    (content,) = re.findall(r'(?s)<script type="application/json" id="network">(.*?)</script>', page)
    data = json.loads(content)
    network = best_network(run, experiment_of(run))
    assert data["architecture"] == [784, 30, 10]
    parameters = np.frombuffer(base64.b64decode(data["parameters"]), "<f4")
    assert np.array_equal(parameters, network.parameters)


def test_each_cell_leads_to_its_mistakes(page: str) -> None:
    cells = re.findall(r'<a href="#(mistakes-\d-\d)">(\d+)<', page)
    assert len(cells) > 20
    for identifier, count in cells:
        (gallery,) = re.findall(rf'id="{identifier}".*?<ul class="gallery">(.*?)</ul>', page, re.DOTALL)
        shown = gallery.count("<img")
        assert 0 < shown <= int(count)


def test_ticks_are_round_and_within_the_limits() -> None:
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(0.031, 0.048) == [0.035, 0.04, 0.045]
    assert ticks(1, 4, whole=True) == [1, 2, 3, 4]
    assert ticks(5, 5) != []


def test_a_chart_has_its_numbers_as_a_table() -> None:
    chart = Chart(
        "c",
        "Loss",
        "Loss falls.",
        "epoch",
        "loss",
        [Series("a", [1, 2], [0.5, 0.25]), Series("b", [1], [0.1])],
    )
    assert chart.rows() == [["1", "0.5", "0.1"], ["2", "0.25", "–"]]
    assert '<title id="c-title">Loss</title>' in chart.svg()


def test_the_name_of_a_curve_is_escaped() -> None:
    chart = Chart("c", "Loss", "", "epoch", "loss", [Series("<b>&", [1, 2], [0.5, 0.25])])
    assert "&lt;b&gt;&amp;" in chart.svg()
    assert "<b>" not in chart.svg()


def test_two_runs_are_compared(tmp_path: Path) -> None:
    runs = [train(tmp_path, eta=eta) for eta in (0.1, 0.01)]
    shown = rendered(page_about(runs, "2 runs", tmp_path, OFFLINE))
    assert "What was compared" in shown
    assert "Apart from the curves, all that follows is about linear-001" in shown
    assert "Validation accuracy of 2 runs" in shown


def test_all_labels_are_within_the_chart() -> None:
    series = [Series(f"run-{k}", [1, 2], [0.5, 0.01 * k], number=k) for k in range(6)]
    chart = Chart("c", "Loss", "", "epoch", "loss", series).svg()
    levels = [float(y) for y in re.findall(r'<text class="label s\d" x="\d+" y="([\d.]+)"', chart)]
    assert len(levels) == 6
    assert max(levels) < HEIGHT - BOTTOM + 5
    assert min(b - a for a, b in pairwise(sorted(levels))) >= GAP - 0.2
