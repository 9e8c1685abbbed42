"""Reads a sweep: a config, the values of its keys that are tried, and the seeds of each setting."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from nnlab.config import messages, yaml12
from nnlab.config.axes import MOST_DRAWS, NEVER_TRIED, Axis, axis_of, split_overrides
from nnlab.config.digest import setting_digest
from nnlab.config.experiment import Experiment
from nnlab.config.load import default_name, path_of, read_document, validated
from nnlab.config.messages import quoted
from nnlab.config.overrides import of_values, read_overrides, with_overrides
from nnlab.config.source import place_of
from nnlab.config.yaml12 import Document, Mistake
from nnlab.errors import ConfigError, UsageError
from nnlab.rendering import formatters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from nnlab.config.overrides import Overrides

# Values by key, or a list of combinations of values.
Tried: TypeAlias = Mapping[str, object] | Sequence[Mapping[str, object]]

DEFAULT_SEEDS = 5
LARGEST_SEED = 2**63 - 1
MOST_TRIALS = 10_000  # more are most likely a typing mistake
MOST_LINES = 20  # of mistakes in combinations


@dataclass(frozen=True)
class Setting:
    """A combination of values: what is `varied`, and the experiment, with the seed of the config."""

    varied: Mapping[str, object]
    experiment: Experiment
    digest: str  # by which runs of the setting are known


@dataclass(frozen=True)
class Sweep:
    """The settings that are tried, all different, and the seeds with which each is trained."""

    name: str
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class _Combination:
    """Values by key that are tried together, and their lines."""

    values: Mapping[str, object]
    lines: Mapping[str, int | None]


def label_of(values: Mapping[str, object]) -> str:
    """Return values by key as text, such as eta=0.1 architecture=784-30-10."""
    return " ".join(f"{key}={formatters.text(value)}" for key, value in values.items())


def load_sweep(
    config: Path | Mapping[str, object] | None,
    overrides: Overrides = (),
    tried: Tried = MappingProxyType({}),
    *,
    name: str | None = None,
    seeds: int | Sequence[int] | None = None,
    most: int | None = MOST_TRIALS,
) -> Sweep:
    """Return the sweep of a config: a file, a mapping of its keys, or None for standard input.

    The key `sweep` of the config says what is tried. An override with several values, such as eta=0.1,0.5,
    or with a range, such as eta=log(1e-3,1,20), replaces those of its key; in Python, `tried` does. Lists
    make a grid. Ranges are drawn together: the first value of each, the second of each, and so on. `seeds`
    are given, or as many are counted up from the seed of the config.

    Raises `ConfigError` with the mistakes of all combinations, and `UsageError` for more than `most` trials.
    """
    fixed, on_command_line = split_overrides(overrides)
    given = read_overrides(fixed, name)  # before standard input is waited for
    if isinstance(tried, Mapping):
        on_command_line |= of_values(tried).values
        combinations = None
    else:
        combinations = [_Combination(each.values, each.lines) for each in map(of_values, tried)] or None
    return sweep_of(
        read_document(config),
        path_of(config),
        given,
        on_command_line,
        combinations,
        seeds=of_values({"seeds": seeds}).values["seeds"],
        most=most,
    )


def sweep_of(
    document: Document,
    path: Path | None,
    given: Document,
    on_command_line: Mapping[str, object] = MappingProxyType({}),
    combinations: Sequence[_Combination] | None = None,
    *,
    seeds: object = None,
    most: int | None = None,
) -> Sweep:
    """Return the sweep of a config read from `path`, with the overrides `given`.

    Values of keys `on_command_line`, and `combinations`, replace those of the file. Raises what `load_sweep`
    raises.
    """
    base, in_file = _parted(with_overrides(document, given))
    mistakes = list(base.mistakes)
    if combinations is None:
        combinations = _combinations(in_file, mistakes)
    entries = {key: (value, in_file.lines.get(key)) for key, value in _flat(in_file.values)}
    entries = {key: entry for key, entry in entries.items() if key not in given.values}
    entries |= {key: (value, None) for key, value in on_command_line.items()}
    mistakes += [
        Mistake(None, key, f"not a key of an experiment; {remedy}")
        for key, remedy in (("seeds", "write --seeds, or seed=1,2"), ("combinations", "list them in a file"))
        if key in on_command_line
    ]
    mistakes += [
        Mistake(
            combination.lines.get(key),
            f"sweep.combinations: {key}",
            "cannot differ between combinations; leave it out",
        )
        for combination in combinations
        for key in (*NEVER_TRIED, "seed")
        if key in combination.values
    ]
    if "seed" in in_file.values and "seeds" in in_file.values:
        line = in_file.lines.get("seed")
        mistakes.append(Mistake(line, "sweep.seed", "the seeds are given twice; leave out seed or seeds"))
    if seeds is not None and "seed" in on_command_line:
        raise UsageError("the seeds are given twice; leave out either seed= or the number of seeds")
    of_file = in_file.values.get("seeds", in_file.values.get("seed")) if seeds is None else seeds
    chosen = _seeds(on_command_line.get("seed", of_file), in_file.lines.get("seeds"), mistakes)
    axes = [
        axis
        for key, (value, line) in entries.items()
        if key not in ("seed", "seeds", "combinations") and (axis := axis_of(key, value, line, mistakes))
    ]
    mistakes += [
        Mistake(None, key, "is in the combinations, too; leave it out here or there")
        for key in (*given.values, *(axis.key for axis in axes))
        if any(key in combination.values for combination in combinations)
    ]
    if mistakes:
        raise ConfigError(messages.lines(place_of(path), mistakes, elsewhere=base.elsewhere))
    settings = _settings(base, path, _documents(combinations, axes, base, seeds=len(chosen), most=most))
    if isinstance(chosen, range):  # counted from the seed of the config
        first = settings[0].experiment.seed
        chosen = range(first, first + len(chosen))
        if chosen[-1] > LARGEST_SEED:
            raise UsageError(f"the last seed would be larger than {LARGEST_SEED}; take a smaller seed")
    return Sweep(settings[0].experiment.name, settings, tuple(chosen))


def _parted(document: Document) -> tuple[Document, Document]:
    """Return `document` without its key `sweep`, and the mapping at that key."""
    values = dict(document.values)
    tried = values.pop("sweep", {})
    mistakes = list(document.mistakes)
    if not isinstance(tried, dict):
        mistakes.append(
            Mistake(document.lines["sweep"], "sweep", "must be a mapping, such as {eta: [0.1, 0.5]}")
        )
        tried = {}
    lines = {key: line for key, line in document.lines.items() if key.partition(".")[0] != "sweep"}
    of_sweep = {
        key.removeprefix("sweep."): line for key, line in document.lines.items() if key.startswith("sweep.")
    }
    base = Document(values, lines, tuple(mistakes), document.first_line, document.elsewhere)
    return base, Document(tried, of_sweep)


def _flat(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield keys and values, those of a nested mapping as KEY.OPTION."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from ((f"{key}.{option}", item) for option, item in value.items())
        else:
            yield key, value


def _combinations(in_file: Document, mistakes: list[Mistake]) -> list[_Combination]:
    """Return the combinations that a file lists, or one without values; add what is wrong to `mistakes`."""
    listed = in_file.values.get("combinations")
    if isinstance(listed, list) and listed:
        return [
            _Combination(
                values := dict(_flat(item)),
                {key: in_file.lines.get(f"combinations.{number}.{key}") for key in values},
            )
            for number, item in enumerate(listed, 1)
        ]
    if "combinations" in in_file.values and listed is not yaml12.REFUSED:
        what = f"must be a list of mappings, such as [{{eta: 0.1, l2: 0}}] (given {quoted(listed)})"
        mistakes.append(Mistake(in_file.lines["combinations"], "sweep.combinations", what))
    return [_Combination({}, {})]


def _seeds(given: object, line: int | None, mistakes: list[Mistake]) -> Sequence[int]:
    """Return the seeds, as a range if only their number is given; add what is wrong to `mistakes`."""
    if given is None:
        return range(DEFAULT_SEEDS)
    if type(given) is int and 1 <= given <= MOST_DRAWS:
        return range(given)
    seeds = list(given) if isinstance(given, list | tuple | range) else []
    if seeds and all(type(seed) is int and 0 <= seed <= LARGEST_SEED for seed in seeds):
        return list(dict.fromkeys(seeds))
    what = f"must be a number of seeds, or a list of them such as [0, 1, 2] (given {quoted(given)})"
    mistakes.append(Mistake(line, "seeds", what))
    return range(DEFAULT_SEEDS)


def _documents(
    combinations: Sequence[_Combination],
    axes: Sequence[Axis],
    base: Document,
    *,
    seeds: int,
    most: int | None,
) -> Iterator[Document]:
    """Yield the values of each setting. Raises `UsageError` for more than `most` trials."""
    lists = [axis for axis in axes if not axis.is_drawn]
    ranges = [axis for axis in axes if axis.is_drawn]
    draws = {len(axis.values) for axis in ranges} or {1}
    if len(draws) > 1:
        raise UsageError(
            f"{' and '.join(axis.key for axis in ranges)} are drawn together; give them the same number"
        )
    trials = len(combinations) * math.prod(len(axis.values) for axis in lists) * draws.pop() * seeds
    if most is not None and trials > most:
        raise UsageError(f"this makes {trials:,} trials; repeat it with --yes if you mean all of them")
    drawn = list(zip(*(axis.values for axis in ranges), strict=True)) or [()]
    lines = {axis.key: axis.line for axis in axes}
    for combination, of_lists, of_ranges in product(
        combinations, product(*(axis.values for axis in lists)), drawn
    ):
        by_key = zip((*lists, *ranges), (*of_lists, *of_ranges), strict=True)
        values = {**combination.values, **{axis.key: value for axis, value in by_key}}
        yield Document(values, {**combination.lines, **lines}, elsewhere=base.elsewhere)


def _settings(base: Document, path: Path | None, documents: Iterable[Document]) -> tuple[Setting, ...]:
    """Return the different settings of `documents`. Raises `ConfigError` with the mistakes of all."""
    found: dict[str, tuple[Mapping[str, object], Experiment]] = {}
    wrong: dict[str, list[str]] = defaultdict(list)  # by mistake, where it occurs
    count = 0
    for count, document in enumerate(documents, 1):  # noqa: B007 (it is used below)
        try:
            experiment = validated(
                Experiment, {"name": default_name(path)}, with_overrides(base, document), path
            )
        except ConfigError as error:
            for mistake in str(error).split("\n"):
                wrong[mistake].append(label_of(document.values))
        else:
            found.setdefault(setting_digest(experiment.model_dump()), (document.values, experiment))
    if wrong:
        raise ConfigError(_with_places(wrong, count))
    shown = {key for values, _ in found.values() for key in values}
    first, *others = (values for values, _ in found.values())
    varied = [key for key in first if any(key not in each or each[key] != first[key] for each in others)]
    varied += sorted(shown - set(first))
    return tuple(
        Setting({key: _value_of(experiment, key) for key in varied if key in values}, experiment, digest)
        for digest, (values, experiment) in found.items()
    )


def _value_of(experiment: Experiment, key: str) -> object:
    """Return the value of KEY or KEY.OPTION of an experiment."""
    outer, _, option = key.partition(".")
    value: object = getattr(experiment, outer)
    return getattr(value, option) if option else value


def _with_places(wrong: Mapping[str, Sequence[str]], settings: int) -> list[str]:
    """Return each mistake with the first of the settings in which it occurs, unless it occurs in all."""
    lines = []
    for mistake, labels in wrong.items():
        more = f" and {len(labels) - 1:,} more" if len(labels) > 1 else ""
        lines.append(mistake if len(labels) == settings else f"{mistake} (with {labels[0]}{more})")
    rest = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"… and {rest:,} more mistakes"] if rest > 0 else lines
