"""`nnlab plot`: files in three formats, drawings in the terminal, and one line for what cannot be drawn."""

from __future__ import annotations

import os
import shutil
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

KINDS = ["curves", "confusion", "errors", "weights", "calibration"]
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize("form", MAGIC)
@pytest.mark.usefixtures("run")
def test_a_plot_is_written_in_the_format_of_its_name_always_the_same(lab: Laboratory, form: str) -> None:
    outcome = lab.call("plot", "linear-001", "-o", f"curves.{form}")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"curves.{form}\n", "")
    content = (lab.folder / f"curves.{form}").read_bytes()
    assert content.startswith(MAGIC[form])
    lab.nnlab("plot", "linear-001", "-o", f"again.{form}")  # in another process
    assert (lab.folder / f"again.{form}").read_bytes() == content


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("run")
def test_each_kind_is_written_and_drawn(lab: Laboratory, kind: str) -> None:
    written = lab.call("plot", "linear-001", "--kind", kind, "-o", f"{kind}.png")
    assert (written.code, written.err) == (0, "")
    assert (lab.folder / f"{kind}.png").stat().st_size > 5_000
    drawn = lab.call("plot", "--kind", kind)
    assert (drawn.code, drawn.err) == (0, "")
    assert len(drawn.out.splitlines()) > 3
    assert max(map(len, drawn.out.splitlines())) <= 80
    assert "\x1b" not in drawn.out


@pytest.mark.usefixtures("run")
def test_curves_need_no_library_in_the_terminal(lab: Laboratory) -> None:
    for package in ("matplotlib", "PIL", "jinja2", "scipy"):
        (lab.folder / f"{package}.py").write_text("raise ImportError")
    outcome = lab.nnlab("plot", "linear-001", PYTHONPATH=str(lab.folder))
    assert outcome.out.startswith("Validation accuracy: * linear-001\n")


def test_a_sweep_is_drawn_over_its_values(lab: Laboratory) -> None:
    lab.nnlab("sweep", "linear.yaml", "eta=0.01,0.1,1", "--seeds", "2", "epochs=1", "-q", "--name", "rates")
    assert lab.call("plot", "rates", "-o", "rates.svg").code == 0
    text = (lab.folder / "rates.svg").read_text()
    assert "Validation accuracy of rates" in text
    assert "η (eta)" in text
    assert lab.call("plot", "rates").out.startswith("Validation accuracy, by which settings are ranked")
    assert lab.call("plot", "rates", "--kind", "curves", "-o", "all.png").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "plot.gif"], "plot.gif must end in .png, .svg or .pdf"),
        (["-o", "no/plot.png"], "cannot write no/plot.png: there is no folder no; make it first"),
        (["--kind", "diagnostics"], "runs/linear-001 has no diagnostics; train it with diagnostics=true"),
        (["--kind", "sweep", "-o", "a.png"], "linear-001 has one setting only; try several values, or plot"),
        (["linear-*", "--kind", "errors"], "--kind errors shows one run; name one of the 2"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    lab: Laboratory, run: Path, arguments: list[str], message: str
) -> None:
    if "linear-*" in arguments:
        lab.call("train", "linear.yaml", "-q")
    outcome = lab.call("plot", *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith(f"nnlab: {message}")
    assert outcome.err.count("\n") == 1
    assert run.exists()


def test_a_baseline_has_no_curves(lab: Laboratory) -> None:
    lab.nnlab("baseline", "mean_darkness", "train_size=500", "-q")
    outcome = lab.call("plot")
    assert outcome.code == 2
    assert outcome.err == "nnlab: runs/mean_darkness-001 is a baseline; it has no epochs\n"


@pytest.mark.parametrize(
    ("trained", "drawn"),
    [
        (("step", "eta=1e30"), ()),
        (("linear.yaml", "train_size=500", "eta=1e38", "diagnostics=true"), ("--kind", "diagnostics")),
    ],
)
def test_a_run_without_finite_figures_is_one_line(
    lab: Laboratory, trained: tuple[str, ...], drawn: tuple[str, ...]
) -> None:
    lab.nnlab("train", *trained, "-q")
    for outcome in (lab.call("plot", *drawn), lab.call("plot", *drawn, "-o", "a.png")):
        assert (outcome.code, outcome.err.count("\n")) == (2, 1)
        assert "no finite" in outcome.err


def test_runs_without_epochs_are_left_out(lab: Laboratory, run: Path) -> None:
    assert run.exists()
    lab.nnlab("baseline", "mean_darkness", "train_size=500", "-q")
    outcome = lab.call("plot", "linear-001", "mean_darkness-001", "-o", "curves.png")
    assert (outcome.code, outcome.out) == (0, "curves.png\n")
    assert outcome.err == "left out: runs/mean_darkness-001 is a baseline; it has no epochs\n"


@pytest.mark.parametrize("name", ["$a_{b$", "<&>", "a b"])
def test_any_name_can_be_drawn(lab: Laboratory, run: Path, name: str) -> None:
    run.rename(run.with_name(name))
    for command in ("plot", "report"):
        outcome = lab.call(command, f"runs/{name}", "-o", f"a.{'svg' if command == 'plot' else 'html'}")
        assert (outcome.code, outcome.err) == (0, "")
    assert f"Learning curves of {escape(name, quote=False)}" in (lab.folder / "a.svg").read_text()


def test_a_name_that_is_no_text_can_be_drawn(lab: Laboratory, run: Path) -> None:
    Path(os.fsdecode(b"%b/by\xff" % os.fsencode(run.parent))).mkdir()
    shutil.copytree(run, os.fsdecode(b"%b/by\xff" % os.fsencode(run.parent)), dirs_exist_ok=True)
    for command, file in (("plot", "a.png"), ("plot", "a.svg"), ("report", "a.html")):
        outcome = lab.call(command, os.fsdecode(b"runs/by\xff"), "-o", file)
        assert (outcome.code, outcome.err) == (0, "")


def test_a_link_is_followed_and_a_pipe_refused(lab: Laboratory, run: Path) -> None:
    assert run.exists()
    (lab.folder / "target.png").write_bytes(b"old")
    (lab.folder / "link.png").symlink_to("target.png")
    assert lab.call("plot", "-o", "link.png").code == 0
    assert (lab.folder / "link.png").is_symlink()
    assert (lab.folder / "target.png").read_bytes().startswith(MAGIC["png"])
    os.mkfifo(lab.folder / "pipe.png")
    refused = lab.call("plot", "-o", "pipe.png")
    assert refused.err == "nnlab: cannot write pipe.png: it is not a file; name another\n"
