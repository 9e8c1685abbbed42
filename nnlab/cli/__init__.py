"""The command line: one file per command. No other part of nnlab prints or exits."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from nnlab import __version__
from nnlab.cli import (
    augment,
    baseline,
    compare,
    config,
    data,
    demo,
    evaluate,
    gradcheck,
    plot,
    predict,
    report,
    sweep,
    train,
    watch,
)
from nnlab.cli.arguments import Command, Group
from nnlab.cli.options import print_help_without_command
from nnlab.cli.output import ENCODING_FALLBACK, discard_output, write_stderr, write_stdout
from nnlab.cli.signals import Interrupted, can_start_threads, exit_by_signal, raise_on_signals
from nnlab.errors import ConfigError, DatasetError, NnlabError
from nnlab.files import printable

app = typer.Typer(
    name="nnlab",
    cls=Group,
    rich_markup_mode=None,  # plain help is fast to print and easy to pipe
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("train", short_help="Train the network of a config.")(train.train)
app.command("eval", short_help="Measure the weights of a run.")(evaluate.evaluate)
app.command("sweep", short_help="Train a config with other values and seeds.")(sweep.sweep)
app.command("compare", short_help="Compare runs side by side.")(compare.compare)
app.command("watch", short_help="Watch a training or a sweep.")(watch.watch)
app.command("plot", short_help="Draw curves, mistakes, weights and more.")(plot.plot)
app.command("report", short_help="Write a page about runs, with a drawing board.")(report.report)
app.command("predict", short_help="Read the digits in pictures.")(predict.predict)
app.command("baseline", short_help="Fit another method to the same examples.")(baseline.baseline)
app.command("augment", short_help="Show what augmentation makes of images.")(augment.augment)
app.command("gradcheck", short_help="Check backpropagation for a network.")(gradcheck.gradcheck)
app.command("demo", short_help="Show what the lecture says, and check it.")(demo.demo)
app.add_typer(config.app, name="config", cls=Group)
app.add_typer(data.app, name="data", cls=Group)
for group in (app, config.app, data.app):
    for command in group.registered_commands:
        command.cls = Command


@app.callback(invoke_without_command=True)
def nnlab(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Train, evaluate and compare neural networks on MNIST.

    An experiment is a YAML file; a run is a folder.

    \b
    Examples:
      nnlab train mnist_softmax
      nnlab eval
      nnlab compare
    """
    if version:
        write_stdout(f"nnlab {__version__}\n")
    else:
        print_help_without_command(context)


def main() -> None:
    """Run the command line, and exit with the code of its outcome."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors=ENCODING_FALLBACK)  # type: ignore[union-attr]  # a text stream
    try:
        with raise_on_signals():
            status = app(standalone_mode=False, prog_name="nnlab")
    except SystemExit:
        status = 0  # typer raises it for completion, and when nobody reads the help (`--help | true`)
    except Interrupted as interrupted:
        if interrupted.signal != signal.SIGINT or can_start_threads():
            exit_by_signal(interrupted.signal)
        # OpenBLAS sends SIGINT to its own process when it cannot start its threads.
        status = explain(
            NnlabError(
                "the matrix library cannot start its threads; set OPENBLAS_NUM_THREADS=1, or raise the limit "
                "of processes or of memory (ulimit -a)"
            )
        )
    except (NnlabError, OSError, MemoryError) as error:
        status = explain(error)
    sys.exit(status)


def explain(error: NnlabError | OSError | MemoryError) -> int:
    """Print what went wrong to stderr, and return the exit code for it."""
    if isinstance(error, ConfigError):
        # Each line begins with FILE:LINE, so that an editor can jump there.
        write_stderr((str(error), "red"))
    elif isinstance(error, NnlabError):
        # Each failed mirror has its own line; elsewhere, a line break can only come from a name.
        text = str(error) if isinstance(error, DatasetError) else printable(str(error))
        write_stderr((f"nnlab: {text}", "red"))
    elif isinstance(error, MemoryError):
        reason = f": {error}" if str(error) else ""
        write_stderr((f"nnlab: out of memory{reason}; take a smaller architecture or batch_size", "red"))
        return 1
    else:
        if sys.stdout is not None:
            discard_output(sys.stdout)
        write_stderr((f"nnlab: {error}", "red"))
        return 1
    return error.exit_code
