"""The report in a real browser: it fetches nothing, answers while one draws, and all can use it.

`make browser` runs these; they need Chromium.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nnlab.analysis.evaluation import best_network
from nnlab.analysis.history import history_of
from nnlab.cli.report import page_about
from nnlab.config import load_experiment
from nnlab.datasets import load
from nnlab.jobs.train import train_experiment
from nnlab.report.contents import page_of
from nnlab.report.page import rendered
from nnlab.runs.run import experiment_of
from nnlab.shipped import path_of
from tests.trainings import OFFLINE, train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Page

    from nnlab.runs.run import Run

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
GOLDEN = Path(__file__).parents[1] / "digits" / "golden.json"
THREE = ((0.3, 0.2), (0.7, 0.2), (0.5, 0.5), (0.68, 0.6), (0.6, 0.82), (0.3, 0.8))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only these tests need it)

    assert CHROMIUM, "install Chromium, or name it in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    experiment = load_experiment(path_of("mnist_softmax"), ["epochs=3", "patience=null"])
    return train_experiment(experiment, runs=tmp_path_factory.mktemp("runs"), source=OFFLINE).run


@pytest.fixture(scope="session")
def report(run: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(rendered(page_of(run, [history_of(run, run.name)], OFFLINE)), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of several runs, with a linear network as the best."""
    runs = tmp_path_factory.mktemp("several")
    found = [train(runs, eta=eta, seed=seed) for eta in (0.1, 0.5) for seed in (0, 1)]
    path = runs / "report.html"
    path.write_text(rendered(page_about(found, "4 runs", runs, OFFLINE)), "utf-8")
    return path.as_uri()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, report: str) -> Iterator[Page]:
    """The opened page; anything that goes wrong, and any request, fails the test."""
    context = browser.new_context(color_scheme=request.param)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if request.url[:5] == "http:" else None)
    page.on("requestfailed", lambda request: wrong.append(request.url[:80]))
    page.goto(report)
    yield page
    context.close()
    assert wrong == []


def draw(page: Page, points: tuple[tuple[float, float], ...] = THREE) -> None:
    board = page.locator("canvas.drawing")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    page.wait_for_timeout(100)


def shares(page: Page) -> list[str]:
    return page.locator(".bars .share").all_inner_texts()


def seen(page: Page) -> NDArray[np.uint8]:
    """Return what the network sees, as a browser shows it."""
    picture = page.locator("canvas.seen").evaluate("each => each.toDataURL().split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("L"))


def test_a_stroke_changes_the_bars_and_undo_takes_it_back(page: Page) -> None:
    assert shares(page) == ["–"] * 10
    draw(page)
    assert page.locator("[aria-live]").inner_text() == "The network says 3."
    first = shares(page)
    assert sum(float(share.rstrip("%")) for share in first) == pytest.approx(100, abs=0.6)
    width = page.locator(".bars li").nth(3).locator(".bar").bounding_box()
    assert width
    assert width["width"] > 50
    assert page.locator(".neurons li").count() == 6
    draw(page, ((0.1, 0.1), (0.9, 0.9)))
    assert shares(page) != first
    page.get_by_role("button", name="Undo").click()
    assert shares(page) == first
    page.keyboard.press("Control+z")
    assert shares(page) == ["–"] * 10
    draw(page)
    page.get_by_role("button", name="Clear").click()
    assert page.locator("[aria-live]").inner_text() == "Draw a digit."


def test_without_preparation_the_network_sees_the_drawing_where_it_is(page: Page) -> None:
    draw(page, ((0.1, 0.1), (0.1, 0.4)))
    centred = seen(page)
    page.get_by_role("checkbox").uncheck()
    as_drawn = seen(page)
    assert np.flatnonzero((centred < 128).any(axis=0)).min() > 10
    assert np.flatnonzero((as_drawn < 128).any(axis=0)).max() < 6


def test_a_finger_draws_and_the_page_does_not_scroll(browser: Browser, report: str) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(report)
    board = page.locator("canvas.drawing")
    assert board.evaluate("each => getComputedStyle(each).touchAction") == "none"
    board.scroll_into_view_if_needed()
    board.tap()
    assert "The network says" in page.locator("[aria-live]").inner_text()
    context.close()


def test_a_thousand_answers_are_those_of_nnlab(page: Page, run: Run) -> None:
    images = load("mnist", source=OFFLINE).test.inputs[:1000]
    expected = best_network(run, experiment_of(run)).outputs(images)
    answer = "images => images.map(image => Array.from(window.nnlab.network.layers(image).at(-1)))"
    found = np.array(page.evaluate(answer, images.astype(float).tolist()))
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize(
    "changes",
    [
        {"activation": ("leaky_relu", "elu"), "inputs": "symmetric"},
        {"activation": ("softplus", "scaled_tanh"), "inputs": "standardised"},
    ],
)
def test_it_answers_with_every_activation_and_scaling(
    browser: Browser, changes: dict[str, object], tmp_path: Path
) -> None:
    run = train(tmp_path, architecture=(784, 20, 10, 10), eta=0.02, **changes)
    path = tmp_path / "report.html"
    path.write_text(rendered(page_of(run, [history_of(run, run.name)], OFFLINE)), "utf-8")
    with browser.new_page() as page:
        page.goto(path.as_uri())
        images = load("mnist", source=OFFLINE).test.inputs[:200]
        expected = best_network(run, experiment_of(run)).outputs(images)
        answer = "images => images.map(image => Array.from(window.nnlab.network.layers(image).at(-1)))"
        found = np.array(page.evaluate(answer, images.astype(float).tolist()))
    assert np.abs(found - expected).max() < 1e-4
    assert expected.max(axis=1).std() > 0.01


def test_the_preparation_is_that_of_nnlab(page: Page) -> None:
    for each in json.loads(GOLDEN.read_text("utf-8")):
        prepare = "each => Array.from(window.nnlab.inMnistForm(each.ink, each.rows, each.columns))"
        found = np.array(page.evaluate(prepare, each))
        assert np.abs(found - np.array(each["image"])).max() < 1e-9


def test_a_cell_leads_to_its_mistakes(page: Page) -> None:
    link = page.locator("table.confusion a").first
    target = link.get_attribute("href")
    link.click()
    assert target
    assert page.evaluate("location.hash") == target
    assert page.locator(target).is_visible()


def test_the_keyboard_reaches_everything(page: Page) -> None:
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.tagName + document.activeElement.textContent.trim()")
        )
    assert {"AResults", "BUTTONUndo", "BUTTONClear"} <= reached


@pytest.mark.parametrize("which", ["report", "comparison"])
@pytest.mark.parametrize("width", [320, 1000])
def test_it_does_not_scroll_sideways(
    browser: Browser, request: pytest.FixtureRequest, which: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 700})
    page.goto(request.getfixturevalue(which))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


@pytest.mark.parametrize("which", ["report", "comparison"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, request: pytest.FixtureRequest, which: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 (only these tests need it)

    # The policy of the page would stop axe itself.
    context = browser.new_context(bypass_csp=True, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(request.getfixturevalue(which))
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_the_policy_stops_every_request(browser: Browser, report: str) -> None:
    page = browser.new_page()
    page.goto(report)
    fetch = "() => fetch('http://127.0.0.1:9/').then(() => 'fetched', error => String(error))"
    assert "TypeError" in page.evaluate(fetch)
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.evaluate(fetch)
    assert any("Content Security Policy" in message for message in messages)
    page.close()


def test_it_prints_without_the_board(browser: Browser, report: str) -> None:
    page = browser.new_page()
    page.goto(report)
    page.emulate_media(media="print")
    assert not page.locator(".board").is_visible()
    assert page.locator("table.confusion").is_visible()
    page.close()
