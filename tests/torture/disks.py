"""Trains on disks that are too small for a run, resumes with more space, and compares the results.

A disk is a tmpfs of some pages, where the system lets a user mount one in a namespace of its own; elsewhere,
and now and then, no file may grow beyond a limit. Either way the kernel refuses to write, at any moment.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from nnlab.runs import checkpoint
from nnlab.runs.find import find_all
from nnlab.runs.run import experiment_of
from tests.laboratory import STEP, Laboratory, Outcome, config_text
from tests.torture.remains import results_of

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
PAGE = 4096
ENOUGH = 100 * PAGE
MOUNTED = "NNLAB_TORTURE_MAY_MOUNT"


def torture(home: Path, *, seed: int, count: int) -> str:
    """Train on `count` disks."""
    may_mount = (
        subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", home], check=False).returncode == 0
    )
    command = [sys.executable, "-m", "tests.torture.disks", str(home), str(seed), str(count)]
    environment = os.environ | ({MOUNTED: "1"} if may_mount else {})
    done = subprocess.run(
        [*(NAMESPACE if may_mount else []), *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill_disks(home: Path, seed: int, count: int) -> str:
    """Train on `count` disks, in a namespace of its own if there is one."""
    (home / "step.yaml").write_text(config_text(STEP, epochs=60, patience=None))
    code, _, err = nnlab(home, "train", "step.yaml", "-q")
    assert code == 0, err
    expected = results_of(home / "runs" / "step-001")
    outcomes: Counter[str] = Counter()
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        here = home / f"{number:04}"
        here.mkdir()
        (here / "step.yaml").write_bytes((home / "step.yaml").read_bytes())
        limit = resource.RLIM_INFINITY
        if MOUNTED in os.environ and rng.random() < 0.7:
            runs = here / "runs"
            runs.mkdir()
            size = PAGE * rng.randrange(4, 20)
            mount = ["mount", "-t", "tmpfs", "-o"]
            subprocess.run([*mount, f"size={size}", "tmpfs", runs], check=True)
            case = f"seed {seed}, disk {number} of {size} bytes"
        else:
            limit = rng.randrange(1, 16_000)
            case = f"seed {seed}, disk {number}, no file larger than {limit} bytes"
        try:
            outcomes[fill(here, limit)] += 1
            if limit == resource.RLIM_INFINITY:
                subprocess.run(
                    [*mount[:3], "-o", f"remount,size={ENOUGH}", "tmpfs", here / "runs"], check=True
                )
            left = find_all(here / "runs")
            again = ["--resume", str(left[0])] if left else ["step.yaml"]
            code, out, err = nnlab(here, "train", *again, "-q")
            assert code == 0, err
            assert results_of(here / out.strip()) == expected
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error
        finally:
            if limit == resource.RLIM_INFINITY:
                subprocess.run(["umount", here / "runs"], check=True)
    told = ", ".join(f"{n} {what}" for what, n in outcomes.most_common())
    return f"{count} disks: {told}; all the same in the end"


def fill(here: Path, limit: int) -> str:
    """Train until the disk is full; return in words which files are left."""
    code, out, err = nnlab(here, "train", "step.yaml", "-q", limit=limit)
    left = find_all(here / "runs")
    if code == 0:
        return "large enough"
    assert code == 1, f"exit code {code}: {err}"
    assert out == ""
    assert err.startswith("nnlab: cannot ") and err.count("\n") == 1, err  # noqa: PT018 (one message)
    assert "No space left on device" in err or "File too large" in err, err
    assert "runs" in err, err
    if not left:
        assert not (here / "runs").exists() or not any((here / "runs").iterdir()), "a folder that is no run"
        return "too small for a run, and left empty"
    state, _ = checkpoint.load_state(left[0].last_npz, experiment_of(left[0]))
    assert f"resume with `nnlab train --resume runs/{left[0].name}`" in err, err
    return f"full after {'the start' if state.epoch == 0 else 'some epochs'}"


def nnlab(here: Path, *arguments: str, limit: int = resource.RLIM_INFINITY) -> Outcome:
    """Run nnlab, with no file larger than `limit` bytes."""
    return Laboratory(here).limited(
        partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)), *arguments
    )


if __name__ == "__main__":
    sys.stdout.write(fill_disks(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
