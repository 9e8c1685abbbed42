"""RESULTS.md, from results.json."""

from __future__ import annotations

from statistics import median
from typing import Any

from commands import GOAL, middle, ratio
from growth import row
from steps import MODULES, OURS, ratios
from workloads import WORKLOADS


def table(header: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def spread(values: list[float], form: str = ".2f") -> str:
    """Return the median with the range: `0.42 (0.40–0.47)`."""
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def steps(results: dict[str, Any]) -> str:
    """Return the section on the training step."""
    rivals = [name for name in MODULES if name != OURS]
    measured = [each for each in rivals if any(each in row["seconds"] for row in results["workloads"])]
    seconds, verdicts, first, losses = [], [], [], []
    for row in results["workloads"]:
        workload, times = WORKLOADS[row["workload"]], row["seconds"]
        contestants = [OURS, *measured]
        seconds.append([workload, *(f"{median(times[n]):.3f} s ({row['threads'][n]})" for n in contestants)])
        for name in times:
            if not name.startswith(OURS):
                continue
            cells = []
            for rival in measured:
                ratio, target = ratios(times, name, rival), workload.targets[rival]
                met = "✓" if median(ratio) <= target else "✗"
                cells.append(f"{spread(ratio)} {met} ≤ {target:.2f}")
            verdicts.append([f"{workload.name}, {name}", *cells])
        first.append([workload.name, *(f"{row['first_epoch'][name]:.1f} s" for name in contestants)])
        losses.append(
            [
                workload.name,
                *(f"{row['losses'][n]:.5f}" if n in row["losses"] else "–" for n in contestants),
            ]
        )
    turns = len(next(iter(results["workloads"][0]["seconds"].values())))
    sections = [
        "## The training step",
        f"An epoch of {results['examples']:,} examples, the median of {turns}, and in brackets the threads: "
        "nnlab's by its own rule, the others' by which is faster.",
        table(["workload", OURS, *measured], seconds),
        "nnlab's time over the others', epoch by epoch in turns: the median and the range, and the target.",
        table(["", *measured], verdicts),
        "The first epoch, compilation and warming-up included, which the figures above leave out:",
        table(["", OURS, *measured], first),
        "The loss on all training examples after that epoch, from equal weights and in equal order. "
        "(scikit-learn has no quadratic cost: on A it trains a softmax output.)",
        table(["", OURS, *measured], losses),
        "Versions: "
        + "; ".join(
            f"{name}: " + ", ".join(f"{package} {number}" for package, number in packages.items())
            for name, packages in results["versions"].items()
            if name != "products"
        ),
    ]
    return "\n\n".join(sections)


def growth(results: dict[str, Any]) -> str:
    """Return the section on how the cost grows."""
    sections = [
        "## How the cost grows",
        "One BLAS thread, 784-128-10 relu/softmax in batches of 64 but for what is varied; epochs of 60,000 "
        "examples but in the last table. *Share*: of the pure matrix products, in their fastest layout.",
    ]
    for name, points in results.items():
        sections.append(table([name, "epochs/s", "µs an example", "share"], [row(point) for point in points]))
    return "\n\n".join(sections)


def commands(results: dict[str, Any]) -> str:
    """Return the section on whole commands."""
    training, others = results["training"], results["others"]
    rows = []
    for name, used in training.items():
        epochs = [each["epochs"] for each in used]
        rows.append(
            [
                name,
                f"{middle(used, 'wall'):.1f} s",
                f"{middle(used, 'cpu'):.1f} s",
                f"{middle(used, 'megabytes'):.0f} MB",
                f"{median(epochs):.0f} ({min(epochs)}–{max(epochs)})",
                *(
                    ["", ""]
                    if name == OURS
                    else [spread(ratio(training, name)), spread(ratio(training, name, per_epoch=True))]
                ),
            ]
        )
    bare, helped = (median(seconds) for seconds in list(others.values())[:2])
    header = ["", "wall", "processors", "peak memory", "epochs", "nnlab / it", "an epoch of nnlab / of it"]
    sections = [
        "## Whole commands",
        f"`nnlab train configs/mnist_softmax.yaml` from typing to prompt, and the same experiment as a script of "
        f"PyTorch and of scikit-learn (`scripts/`), each to a validation accuracy of {GOAL:.1%}: medians over "
        f"{len(training[OURS])} seeds, in turns. The random starts differ, and so do the epochs needed; the last "
        "column allows for that. Targets: at most 0.6 of PyTorch's wall time, at most 450 MB.",
        table(header, rows),
        f"The other commands. Targets: help at most 2.5 times the import of typer (here {helped / bare:.1f}), "
        "`eval` at most 0.7 s, `compare` at most 1 s.",
        table(["command", "seconds"], [[name, spread(each)] for name, each in others.items()]),
        "Loading MNIST; target: at most 0.4 s.",
        table(["", "seconds"], [[name, spread(each, ".3f")] for name, each in results["loading"].items()]),
    ]
    return "\n\n".join(sections)


SECTIONS = {"steps": steps, "growth": growth, "commands": commands}


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
