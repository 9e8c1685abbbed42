"""The output on a pseudo-terminal of 80 columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

# An epoch of more than half a second, after which the bar appears.
SLOW = (
    *("train", "linear.yaml", "epochs=1", "train_size=null"),
    *("architecture=[784,300,10]", "activation=relu", "eta=0.01", "batch_size=1"),
)
COLOUR = re.compile(r"\x1b\[(?:\d+;)*[349]\d")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_the_list_of_configs_fits(lab: Laboratory) -> None:
    lines = ESCAPE.sub("", lab.on_a_terminal("config", "list").out).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["config", "shows"]
    assert "mnist_linear                  No hidden layer: softmax of a linear" in "\n".join(lines)


def test_a_slow_epoch_has_a_bar_with_rate_and_time_left(lab: Laboratory) -> None:
    got = lab.on_a_terminal(*SLOW).out
    bars = [piece for piece in got.split("\r") if "%|" in piece]
    rate = re.compile(r"\| [\d.]+k?/59\.0k \[\d\d:\d\d<\d\d:\d\d, .*examples/s\]")
    assert any(rate.search(bar) for bar in bars)
    drawn = [ESCAPE.sub("", piece) for piece in re.split(r"[\r\n]", got)]
    assert max(map(len, drawn)) <= 80
    assert re.search(r"\r +\r    1  .*improved", got), "the bar is wiped away before the epoch's line"
    assert COLOUR.search(got)


def test_from_the_second_epoch_on_the_bar_says_how_long_the_rest_takes(lab: Laboratory) -> None:
    two = [word.replace("epochs=1", "epochs=2") for word in SLOW]
    got = lab.on_a_terminal(*two).out
    drawn = [ESCAPE.sub("", piece) for piece in re.split(r"[\r\n]", got)]
    assert any(re.search(r"^    2: .*/s, at most about \d+ s left\]$", piece.rstrip()) for piece in drawn)
    assert max(map(len, drawn)) <= 80


def test_no_color_is_respected(lab: Laboratory) -> None:
    assert COLOUR.search(lab.on_a_terminal("train", "nosuch.yaml").out)
    got = lab.on_a_terminal("train", "nosuch.yaml", NO_COLOR="1").out
    assert "nosuch.yaml: no such file" in got
    assert not COLOUR.search(got)


def test_no_progress_draws_no_bar(lab: Laboratory) -> None:
    got = lab.on_a_terminal(
        "train", "linear.yaml", "epochs=1", "train_size=25000", "batch_size=1", "--no-progress"
    ).out
    assert "improved" in got
    assert "%|" not in got
    assert "\r" not in got.replace("\r\n", "\n")


@pytest.mark.usefixtures("run")
def test_the_figures_of_eval_fit_the_width(lab: Laboratory) -> None:
    got = ESCAPE.sub("", lab.on_a_terminal("eval").out)
    lines = got.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in got
    assert [line.split()[0] for line in lines if line.startswith(("0 ", "9 "))] == ["0", "9", "0", "9"]


@pytest.mark.usefixtures("run")
def test_a_comparison_of_few_columns_fits_the_width(lab: Laboratory) -> None:
    got = ESCAPE.sub("", lab.on_a_terminal("compare").out)
    assert "linear-001" in got
    assert "finished" in got
    assert max(map(len, got.splitlines())) <= 80


@pytest.mark.usefixtures("run")
def test_a_comparison_of_many_columns_stays_readable(lab: Laboratory) -> None:
    columns = "run,architecture,activation,output,loss,eta,batch_size,epochs,val_accuracy,parameters,status"
    got = ESCAPE.sub("", lab.on_a_terminal("compare", "--columns", columns).out)
    assert max(map(len, got.splitlines())) <= 80
    assert {"linear-001", "784-10", "log_likelihood", "7,850", "finished"} <= set(got.split())
    assert "…" not in got


def test_a_demo_says_that_it_computes_until_it_has_something_to_show(lab: Laboratory) -> None:
    got = lab.on_a_terminal("demo", "early-stopping").out
    _, *after = re.split(r"computing … \d\d:\d\d", got)
    assert len(after) > 3
    assert all(re.match(r"\r( +\r|$)", rest) for rest in after), "it is wiped away before what follows"
    assert max(len(ESCAPE.sub("", line)) for line in re.split(r"[\r\n]", got)) <= 80


def test_a_baseline_says_what_it_does_and_since_when(lab: Laboratory) -> None:
    got = lab.on_a_terminal("baseline", "nearest_neighbours", "train_size=20000", "validation_size=5000").out
    assert re.search(r"\rfitting to 20,000 examples … 00:\d\d\r", got)
    assert "val_accuracy" in got
