"""The errors that a user can cause, each with its exit code.

An `NnlabError` ends the command with its message on stderr: one line per mistake, without a traceback. Any
other exception is a bug in nnlab and shows its traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class NnlabError(Exception):
    """A failure at run time; the message names the remedy."""

    exit_code: ClassVar[int] = 1


class UsageError(NnlabError):
    """The caller asks for something that is impossible."""

    exit_code = 2


class ConfigError(UsageError):
    """All mistakes of a config, one per line: `FILE:LINE: KEY: what is wrong`."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        """Join `mistakes`, one per line."""
        super().__init__("\n".join(mistakes))


class DivergedError(NnlabError):
    """The loss or a weight is no longer finite."""

    exit_code = 3


class DatasetError(NnlabError):
    """A dataset is missing, unreachable or corrupt."""

    exit_code = 4


class RunError(NnlabError):
    """A run or a checkpoint is missing or corrupt."""

    exit_code = 5


class MissingError(RunError):
    """A file of a run is missing."""


class NewerError(RunError):
    """A file of a run has a schema that only a later version of nnlab knows."""


class BelowThresholdError(NnlabError):
    """The accuracy is below `--fail-under`."""

    exit_code = 6
