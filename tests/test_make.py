"""The Makefile and the lock that it installs from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def dry_run(folder: Path, *targets: str) -> str:
    """Return what make would do in a fresh checkout, in a folder of that name."""
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    done = subprocess.run(
        ["make", "--dry-run", "--jobs", "--no-print-directory", *targets],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_several_targets_at_once_install_once(tmp_path: Path) -> None:
    assert dry_run(tmp_path / "a", "train", "check", "test", "build").count("--require-hashes") == 1


@pytest.mark.parametrize("name", ["it's here", 'a "b"', "$HOME"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    told = dry_run(tmp_path / name, "train", "check", "test", "build", "upgrade")
    # pip's scripts begin with the path of their Python, which a shell takes apart there.
    assert set(re.findall(r"\.venv/bin/(\w+)", told)) == {"python"}
    assert name not in told


def test_the_lock_has_digests_for_all_that_the_project_asks_for_and_no_address() -> None:
    with_digest = set(re.findall(r"(?m)^([a-z0-9-]+)==\S+.* \\\n    --hash=sha256:\w{64}", LOCK))
    assert with_digest == set(re.findall(r"(?m)^([a-z0-9-]+)", LOCK))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[^\w-]", each)[0].lower() for each in asked} <= with_digest
    assert "://" not in LOCK
