"""Where the process begins: `nnlab`, or `python -m nnlab`."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line; Ctrl-C ends the process even while its modules are still being read."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from nnlab import cli  # noqa: PLC0415 (takes a tenth of a second, which the line above guards)

    cli.main()


if __name__ == "__main__":
    main()
