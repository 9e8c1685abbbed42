"""Parses the command line with typer, and rewords its errors."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from nnlab import shipped
from nnlab.errors import UsageError
from nnlab.rendering.formatters import join_with_or

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    # Typer's names for these types are private.
    Context = Any
    Parameter = Any

LEAST_LIKELY = 0.1  # the smallest accuracy that a user may mean: guessing a digit reaches it
NEWEST = "\0"  # the value of --resume without a run; no argument of a process can contain it


class Command(TyperCommand):
    """A command whose mistakes are `UsageError`s."""

    def parse_args(self, context: Context, args: list[str]) -> list[str]:
        """Read `args` into the parameters of `context`. Raises `UsageError`."""
        _skip_conversion(self, context)
        context.allow_extra_args = True  # reported below
        with _reworded(context, list(args)):
            rest: list[str] = super().parse_args(context, _complete_resume(args))
        if rest and not context.resilient_parsing:
            raise UsageError(f"too many arguments: {shlex.join(rest)}; {_help(context)}")
        return rest


class Group(TyperGroup):
    """A group of commands whose mistakes are `UsageError`s."""

    def parse_args(self, context: Context, args: list[str]) -> list[str]:
        """Read `args` up to the command. Raises `UsageError`."""
        _skip_conversion(self, context)
        with _reworded(context, list(args)):
            rest: list[str] = super().parse_args(context, args)
        return rest

    def resolve_command(self, context: Context, args: list[str]) -> Any:  # noqa: ANN401 - typer's own type
        """Return the command that `args` begin with. Raises `UsageError` if there is none."""
        if args[0] in self.commands or context.resilient_parsing:
            return super().resolve_command(context, args)
        if Path(args[0]).suffix in (".yaml", ".yml") or args[0] in shipped.configs():
            raise UsageError(
                f"no command {args[0]}; train a config with `nnlab train {shlex.quote(args[0])}`"
            )
        from nnlab.config.synonyms import hint_for

        options = [option.lstrip("-") for param in self.get_params(context) for option in param.opts]
        if args[0] in options:
            raise UsageError(f"no command {args[0]}; did you mean --{args[0]}?")
        raise UsageError(f"no command {args[0]}; {hint_for(args[0], self.commands)}")


@contextmanager
def _reworded(context: Context, args: Sequence[str]) -> Iterator[None]:
    """Raise typer's error about `args` as a `UsageError`."""
    try:
        yield
    except typer.TyperException as error:
        raise UsageError(explain(error, context, args)) from error


def _skip_conversion(command: TyperCommand | TyperGroup, context: Context) -> None:
    """Skip the conversion of values while a shell asks for completions: importing pydantic takes too long."""
    if context.resilient_parsing:
        as_typed = SimpleNamespace(coerce=lambda value, **_: value)
        for param in command.get_params(context):
            # typer has no public way to leave a value alone.
            param.get_runtime_param = lambda: as_typed  # type: ignore[attr-defined]


def _complete_resume(args: Sequence[str]) -> list[str]:
    """Give --resume the value NEWEST if an option, an override or nothing follows it instead of a run."""
    args = list(args)
    options = args[: args.index("--")] if "--" in args else args
    for place, option in enumerate(options):
        following = args[place + 1] if place + 1 < len(args) else "-"
        if option == "--resume" and (following.startswith("-") or is_override(following)):
            args[place] = f"{option}={NEWEST}"
    return args


def is_override(argument: str) -> bool:
    """Return whether an argument is KEY=VALUE, and not a path with an = in it."""
    try:
        return "=" in argument and not Path(argument).exists()
    except OSError:  # not a valid file name
        return True


def explain(error: typer.TyperException, context: Context, args: Sequence[str]) -> str:
    """Return the message for typer's error about `args`."""
    option = str(getattr(error, "option_name", ""))
    if hasattr(error, "possibilities"):
        return _no_such_option(option, context, args)
    if option:
        param = next(param for param in context.command.get_params(context) if option in param.opts)
        return f"{option} takes no value" if param.is_flag else f"{option} needs a value: {_usage(param)}"
    if isinstance(error, typer.BadParameter) and error.param is not None:
        return _bad_value(error, error.param, context)
    return f"{error.message.rstrip('.')}; {_help(context)}"


def _no_such_option(option: str, context: Context, args: Sequence[str]) -> str:
    """Return the message for an unknown option, with what to write instead: often the key of a config."""
    # For -lr, typer reports only -l.
    place, word = next(
        ((n, word) for n, word in enumerate(args) if word.startswith(option)), (len(args), option)
    )
    option, _, value = word.partition("=")
    if not value:
        value = next((arg for arg in args[place + 1 : place + 2] if not arg.startswith("--")), "VALUE")
    params = context.command.get_params(context)
    close = get_close_matches(option, [each for param in params for each in param.opts], n=1, cutoff=0.75)
    if takes_keys := {"overrides", "arguments", "where"} & {param.name for param in params}:
        hint = _as_key(option.lstrip("-"), value, exactly=bool(close), where="where" in takes_keys)
        if hint:
            return f"no option {option}; {hint}"
    return f"no option {option}; {f'did you mean {close[0]}?' if close else _help(context)}"


def _as_key(word: str, value: str, *, exactly: bool, where: bool) -> str:
    """Return how to write the config key that an unknown option stands for, or an empty text."""
    from nnlab.config.baseline import BASELINES
    from nnlab.config.experiment import Experiment
    from nnlab.config.synonyms import did_you_mean, no_such_key, synonym

    keys = [*Experiment.model_fields, *(key for model in BASELINES.values() for key in model.model_fields)]
    if not where and (sentence := no_such_key(word)):
        return sentence
    key = synonym(word, keys) if exactly else did_you_mean(word, keys)
    if key is None:
        return ""
    written = shlex.quote(f"{key}={'null' if value == 'None' else value}")
    return f"did you mean --where {written}?" if where else f"config keys are written {written}"


def _bad_value(error: typer.BadParameter, param: Parameter, context: Context) -> str:
    """Return the message for a bad value: what the parameter takes, what was given, what may be meant."""
    name = (
        max(param.opts, key=len) if param.param_type_name == "option" else re.split(r"\W", param.metavar)[0]
    )
    details: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not details:
        return f"{name} is missing; {_help(context)}"
    given = str(details[0]["input"])
    kind, limits = param.type_descriptor.annotation, param.type_descriptor.parameter_info
    hint = ""
    if kind in (int, float):
        number = "a whole number" if kind is int else "a number"
        takes = f"{number}{_range(limits.min, limits.max)}"
        if limits.max == 1 and (share := _percentage(given)) is not None:
            hint = f"; did you mean {share:g}?"
    elif choices := get_args(kind):
        from nnlab.config.synonyms import did_you_mean

        takes = join_with_or(choices)
        if meant := did_you_mean(given, choices):
            hint = f"; did you mean {meant}?"
    else:
        return f"{name} cannot be {_quoted(given)}"
    return f"{name} takes {takes} (given {_quoted(given)}){hint}"


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f" of at least {low}" if low is not None else ""


def _percentage(text: str) -> float | None:
    """Return the share that a text such as 97 or 97% probably means, or None: 1.5 is too small."""
    with suppress(ValueError):
        share = float(text.removesuffix("%")) / 100
        return share if LEAST_LIKELY <= share <= 1 else None
    return None


def _quoted(given: str) -> str:
    """Return a given value, quoted unless it is a word or a number."""
    return given if re.fullmatch(r"[\w.+-]{1,40}", given) else repr(given[:60])


def _usage(param: Parameter) -> str:
    metavar = param.metavar or join_with_or(get_args(param.type_descriptor.annotation))
    return f"{max(param.opts, key=len)} {metavar}"


def _help(context: Context) -> str:
    return f"see `{context.command_path} --help`"
