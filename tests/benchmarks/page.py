"""Writes RESULTS.md from results.json."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.busy import ALL, BUSY, ONE
from tests.benchmarks.busy import TARGET as BUSY_TARGET
from tests.benchmarks.commands import GOAL, MEMORY, TARGETS, middle, ratio
from tests.benchmarks.field import MODULES, OURS, PRODUCTS
from tests.benchmarks.growth import row
from tests.benchmarks.methods import METHODS, PLAIN
from tests.benchmarks.throughput import LEARNED, VALIDATION, best_setting, walls
from tests.benchmarks.throughput import TARGET as THROUGHPUT_TARGET
from tests.benchmarks.turns import ratios
from tests.benchmarks.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(header: list[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def spread(values: list[float], form: str = ".2f") -> str:
    """Return the median with the range: `0.42 (0.40–0.47)`."""
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def steps(results: dict[str, Any]) -> str:
    """Return the section on the training step."""
    rivals = [name for name in MODULES if name != OURS and name in results["versions"]]
    contestants = [OURS, *rivals]
    seconds, verdicts, first, losses = [], [], [], []
    for measured in results["workloads"]:
        workload, times, threads = WORKLOADS[measured["workload"]], measured["seconds"], measured["threads"]
        seconds.append(
            [workload, *(f"{median(times[each]):.3f} s ({threads[each]})" for each in contestants)]
        )
        for name in times.keys() - {*rivals}:
            against = [(ratios(times, name, rival), workload.targets[rival]) for rival in rivals]
            verdicts.append([f"{workload.name}, {name}", *(verdict(*each) for each in against)])
        first.append([workload.name, *(f"{measured['first_epoch'][each]:.1f} s" for each in contestants)])
        figures = [measured["losses"].get(each) for each in contestants if each != PRODUCTS]
        losses.append([workload.name, *("–" if loss is None else f"{loss:.5f}" for loss in figures)])
    turns = len(results["workloads"][0]["seconds"][OURS])
    sections = [
        "## The training step",
        (
            f"An epoch of {results['examples']:,} examples, the median of {turns}; in brackets the threads, "
            "nnlab's by its own rule, the others' by which is faster."
        ),
        table(["workload", *contestants], seconds),
        "nnlab's time over the others', epoch by epoch in turns: the median, the range and the target.",
        table(["", *rivals], sorted(verdicts)),
        "The first epoch, with compilation and warming-up, which the figures above leave out:",
        table(["", *contestants], first),
        (
            "The loss on all training examples after that epoch, from equal weights and in equal order. "
            "(scikit-learn has no quadratic cost: on A it trains a softmax output.)"
        ),
        table(["", *(each for each in contestants if each != PRODUCTS)], losses),
        versions(results),
    ]
    return "\n\n".join(sections)


def methods(results: dict[str, Any]) -> str:
    """Return the section on what each method adds."""
    seconds, threads = results["seconds"], results["threads"]
    rows = []
    for name, method in METHODS.items():
        against = ratios(seconds, name, PLAIN)
        judged = spread(against) if method.target is None else verdict(against, method.target)
        keys = ", ".join(f"{key}: {value}" for key, value in method.keys.items())
        rows.append(
            [name, keys, f"{median(seconds[name]):.3f} s ({threads[name]})", "" if name == PLAIN else judged]
        )
    sections = [
        "## What each method adds",
        (
            "An epoch of 50,000 images, 784-800-10 in batches of 100, with threads by nnlab's own rule "
            "in brackets; in turns in one process. A further thread augments the next images."
        ),
        table(["", "keys", "an epoch", "of the plain epoch"], rows),
    ]
    return "\n\n".join(sections)


def versions(results: dict[str, Any]) -> str:
    """Return what each contestant ran on, a line each."""
    return "\n".join(f"- {name}: {facts}" for name, facts in results["versions"].items())


def verdict(ratio: list[float], target: float) -> str:
    """Return a ratio and whether it meets its target: `0.42 (0.40–0.47) ✓ ≤ 0.50`."""
    return f"{spread(ratio)} {'✓' if median(ratio) <= target else '✗'} ≤ {target:.2f}"


def growth(results: dict[str, Any]) -> str:
    """Return the section on how the cost grows."""
    sections = [
        "## How the cost grows",
        (
            "One BLAS thread, 784-128-10 relu/softmax in batches of 64 but for what is varied; epochs of "
            "60,000 examples but in the last table. *Share*: what the pure matrix products, in their fastest "
            "layout, take of the time."
        ),
    ]
    for name, points in results["series"].items():
        sections.append(table([name, "epochs/s", "µs an example", "share"], [row(point) for point in points]))
    sections.append(versions(results))
    return "\n\n".join(sections)


def commands(results: dict[str, Any]) -> str:
    """Return the section on whole commands."""
    training, others = results["training"], results["others"]
    rows = []
    for name, used in training.items():
        epochs = [each["epochs"] for each in used]
        against, per_epoch = (ratio(training, name, per_epoch=each) for each in (False, True))
        judged = verdict(against, TARGETS[name]) if name in TARGETS else spread(against)
        rows.append(
            [
                name,
                f"{middle(used, 'wall'):.1f} s",
                f"{middle(used, 'cpu'):.1f} s",
                f"{middle(used, 'megabytes'):.0f} MB",
                f"{median(epochs):.0f} ({min(epochs)}–{max(epochs)})",
                *([judged, spread(per_epoch)] if name != OURS else ["", ""]),
            ]
        )
    measured = results.get("memory", {})  # which earlier results are without
    bare, helped = (median(seconds) for seconds in list(others.values())[:2])
    header = ["", "wall", "processors", "peak memory", "epochs", "nnlab / it", "an epoch of nnlab / of it"]
    sections = [
        "## Whole commands",
        (
            "`nnlab train configs/mnist_softmax.yaml` from typing to prompt, and the same experiment as a "
            "script of PyTorch, of JAX and of scikit-learn (`scripts/`), each to a validation accuracy of "
            f"{GOAL:.1%}: medians over {len(training[OURS])} seeds, in turns. The random starts differ, and "
            "so do the epochs needed; the last column allows for that."
        ),
        table(header, rows),
        "The peak memory of `nnlab train configs/mnist_softmax.yaml`, as it is and as a larger network:",
        table(["", "peak memory"], [[name, memory(name, used)] for name, used in measured.items()]),
        (
            "The other commands. Targets: help at most 2.5 times the import of typer "
            f"(here {helped / bare:.1f}), `eval` at most 0.7 s, `compare` at most 1 s."
        ),
        table(["command", "seconds"], [[name, spread(each)] for name, each in others.items()]),
        "Loading MNIST; target: at most 0.4 s.",
        table(["", "seconds"], [[name, spread(each, ".3f")] for name, each in results["loading"].items()]),
    ]
    return "\n\n".join(sections)


def memory(name: str, megabytes: float) -> str:
    """Return a peak memory and whether it meets its target: `123 MB ✓ ≤ 150 MB`."""
    _, target = MEMORY[name]
    return f"{megabytes:.0f} MB {'✓' if megabytes <= target else '✗'} ≤ {target} MB"


def sweeps(results: dict[str, Any]) -> str:
    """Return the section on sweeps."""
    walls, long = results["walls"], results["long"]
    slowest = walls["nnlab sweep -j 1"]
    few, more = long["walls"]
    trials = len(long["seconds"])
    trial, training = (more - few) / (trials - 1), sum(long["seconds"]) / trials
    sections = [
        "## Sweeps",
        (
            f"{results['trials']} trials of `mnist_softmax`, four epochs each, whose weights do not depend "
            "on the number of jobs. Target: two jobs on two idle cores at least 1.8 times as fast as one. "
            "The loop is reckoned from a quarter of the trials."
        ),
        table(
            ["", "wall", "against one job"],
            [[name, f"{wall:.1f} s", f"{slowest / wall:.2f} times as fast"] for name, wall in walls.items()],
        ),
        (
            f"With one job, a sweep of one trial takes {few:.1f} s and one of {trials} {more:.1f} s: "
            f"{trial:.2f} s for each more, of which its epochs take {training:.2f} s. So reading the "
            f"examples, writing the run and all else adds {trial / training - 1:.1%}. Target: at most 5%. "
            f"Starting the sweep and its first worker takes {few - trial:.1f} s."
        ),
        f"Reading {results['many']:,} finished trials. Target: at most 2 s.",
        table(["command", "seconds"], [[name, f"{wall:.2f}"] for name, wall in results["reading"].items()]),
    ]
    return "\n\n".join(sections)


def throughput(results: dict[str, Any]) -> str:
    """Return the section on training many networks."""
    used = results["used"]
    ours = walls(used, OURS, best_setting(used, OURS))
    rows = []
    for name, settings in used.items():
        best = best_setting(used, name)
        for setting, taken in settings.items():
            against = [one / other for one, other in zip(ours, walls(used, name, setting), strict=True)]
            judged = verdict(against, THROUGHPUT_TARGET) if setting == best else spread(against)
            rows.append(
                [
                    name,
                    SETTINGS[setting],
                    f"{spread(walls(used, name, setting), '.1f')} s",
                    f"{middle(taken, 'cpu'):.1f} s",
                    f"{min(each['accuracy'] for each in taken):.2%}",
                    judged if name != OURS else "",
                ]
            )
    turns = len(ours)
    sections = [
        "## Many networks",
        (
            f"{results['networks']} networks of workload D from different seeds, {results['epochs']} epochs "
            f"of {results['examples']:,} images each, as whole commands from typing to prompt on "
            f"{results['cores']} cores: medians of {turns}, in turns. nnlab holds out {VALIDATION} of the "
            "images to choose the better epoch by, and writes each run into a folder. Each command measures "
            f"its networks on the 10,000 test images, and all have to get more than {LEARNED:.0%} of them "
            "right; *least accuracy* is that of the worst. The target is for a library's best setting."
        ),
        table(["", "setting", "wall", "processors", "least accuracy", "nnlab / it"], rows),
    ]
    return "\n\n".join(sections)


def busy(results: dict[str, Any]) -> str:
    """Return the section on sharing the machine."""
    rows = [
        [
            WORKLOADS[letter],
            *(f"{spread(seconds[name])} s" for name in (ONE, ALL, BUSY)),
            verdict(ratios(seconds, BUSY, ONE), BUSY_TARGET),
        ]
        for letter, seconds in results["seconds"].items()
    ]
    turns = len(next(iter(results["seconds"].values()))[ONE])
    sections = [
        "## Beside a busy process",
        (
            f"An epoch of nnlab over {results['examples']:,} examples with one thread and with "
            f"{results['threads']}, one for each core, while the machine is idle and while another process "
            f"keeps one core busy: medians of {turns}, in turns."
        ),
        table(["workload", ONE, ALL, BUSY, "busy / one thread"], rows),
        versions(results),
    ]
    return "\n\n".join(sections)


SETTINGS = {
    "sweep": "`nnlab sweep`, a job for each core",
    "threads": "one process, a thread for each core",
    "processes": "a process for each core, one thread each",
    "vmap": "one process, all networks at once by `vmap`",
}
SECTIONS = {
    "steps": steps,
    "methods": methods,
    "growth": growth,
    "commands": commands,
    "sweeps": sweeps,
    "throughput": throughput,
    "busy": busy,
}


def page(results: dict[str, Any]) -> str:
    """Return the whole page."""
    sections = [
        "# Benchmark results",
        "Written by `make bench`; what the figures mean is in [README.md](README.md).",
    ]
    for part, section in SECTIONS.items():
        if part in results:
            machine = results[part]["machine"]
            facts = "; ".join(f"{key}: {value}" for key, value in machine.items())
            sections += [section(results[part]["results"]), f"*{facts}*"]
    return "\n\n".join(sections) + "\n"
