"""A missing package of an extra is one line that names the extra."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from nnlab.errors import NnlabError
from nnlab.extras import EXTRAS, need
from tests.laboratory import Laboratory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("package", EXTRAS)
def test_an_installed_package_is_found_and_a_missing_one_named(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(package)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        NnlabError, match=rf"this needs {package}; install it with: pip install 'nnlab\[plot\]'"
    ):
        need(package)


@pytest.mark.parametrize(
    ("package", "command"),
    [
        ("matplotlib", ("plot", "-o", "curves.png")),
        ("jinja2", ("report",)),
        ("PIL", ("predict", "linear-001", "seven.png")),
        ("scipy", ("predict", "linear-001", "seven.png")),
    ],
)
def test_a_command_ends_before_it_does_anything(
    package: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    outcome = Laboratory(tmp_path).call(*command)
    assert outcome.code == 1
    assert outcome.err == f"nnlab: this needs {package}; install it with: pip install 'nnlab[plot]'\n"
