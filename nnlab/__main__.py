"""The entry point of `nnlab` and of `python -m nnlab`."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line. Ctrl-C ends the process even while modules are still being imported."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from nnlab import cli  # noqa: PLC0415 (takes a tenth of a second, which is guarded above)

    cli.main()


if __name__ == "__main__":
    main()
