"""In a real terminal of 80 columns: a pseudo one, which a program cannot tell apart."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING

import pytest

from .conftest import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# An epoch of more than half a second, after which the bar appears.
SLOW = (
    *("train", "linear.yaml", "epochs=1", "train_size=null"),
    *("architecture=[784,300,10]", "activation=relu", "eta=0.01", "batch_size=1"),
)
COLOUR = re.compile(r"\x1b\[(?:\d+;)*[349]\d")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def terminal(desk: Path) -> Callable[..., str]:
    """Run nnlab with all its streams on a terminal; return what the terminal got."""

    def run(*arguments: str, **variables: str) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=desk,
            env=environment(desk, TERM="xterm-256color", **variables),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        got, deadline = b"", time.monotonic() + 60
        try:
            while time.monotonic() < deadline:
                if select.select([ours], [], [], 1)[0]:
                    got += os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            pass
        finally:
            os.close(ours)
            process.wait(10)
        return got.decode()

    return run


def test_the_list_of_configs_fits(terminal: Callable[..., str]) -> None:
    lines = ESCAPE.sub("", terminal("config", "list")).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["config", "shows"]
    assert "mnist_linear                  No hidden layer: softmax of a linear" in "\n".join(lines)


def test_a_slow_epoch_has_a_bar_with_rate_and_time_left(terminal: Callable[..., str]) -> None:
    got = terminal(*SLOW)
    bars = [piece for piece in got.split("\r") if "%|" in piece]
    rate = re.compile(r"\| [\d.]+k?/59\.0k \[\d\d:\d\d<\d\d:\d\d, .*examples/s\]")
    assert any(rate.search(bar) for bar in bars)
    drawn = [ESCAPE.sub("", piece) for piece in re.split(r"[\r\n]", got)]
    assert max(map(len, drawn)) <= 80
    assert re.search(r"\r +\r    1  .*improved", got), "the bar is wiped away before the epoch's line"
    assert COLOUR.search(got)


def test_no_color_is_respected(terminal: Callable[..., str]) -> None:
    assert COLOUR.search(terminal("train", "nosuch.yaml"))
    got = terminal("train", "nosuch.yaml", NO_COLOR="1")
    assert "nosuch.yaml: no such file" in got
    assert not COLOUR.search(got)


def test_no_progress_draws_no_bar(terminal: Callable[..., str]) -> None:
    got = terminal("train", "linear.yaml", "epochs=1", "train_size=25000", "batch_size=1", "--no-progress")
    assert "improved" in got
    assert "%|" not in got
    assert "\r" not in got.replace("\r\n", "\n")


@pytest.mark.usefixtures("with_run")
def test_the_figures_of_eval_fit_the_width(terminal: Callable[..., str]) -> None:
    got = ESCAPE.sub("", terminal("eval"))
    lines = got.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in got
    assert [line.split()[0] for line in lines if line.startswith(("0 ", "9 "))] == ["0", "9", "0", "9"]


@pytest.mark.usefixtures("with_run")
def test_a_comparison_of_few_columns_fits_the_width(terminal: Callable[..., str]) -> None:
    got = ESCAPE.sub("", terminal("compare"))
    assert "linear-001" in got
    assert "finished" in got
    assert max(map(len, got.splitlines())) <= 80


@pytest.mark.usefixtures("with_run")
def test_a_comparison_of_many_columns_stays_readable(terminal: Callable[..., str]) -> None:
    columns = "run,architecture,activation,output,loss,eta,batch_size,epochs,val_accuracy,parameters,status"
    got = ESCAPE.sub("", terminal("compare", "--columns", columns))
    assert max(map(len, got.splitlines())) <= 80
    assert {"linear-001", "784-10", "log_likelihood", "7,850", "finished"} <= set(got.split())
    assert "…" not in got


def test_a_demo_says_that_it_computes_until_it_has_something_to_show(terminal: Callable[..., str]) -> None:
    got = terminal("demo", "early-stopping")
    _, *after = re.split(r"computing … \d\d:\d\d", got)
    assert len(after) > 3
    assert all(re.match(r"\r( +\r|$)", rest) for rest in after), "it is wiped away before what follows"
    assert max(len(ESCAPE.sub("", line)) for line in re.split(r"[\r\n]", got)) <= 80


def test_a_baseline_says_what_it_does_and_since_when(terminal: Callable[..., str]) -> None:
    got = terminal("baseline", "nearest_neighbours", "train_size=20000", "validation_size=5000")
    assert re.search(r"\rfitting to 20,000 examples … 00:\d\d\r", got)
    assert "val_accuracy" in got
