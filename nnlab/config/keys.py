"""Annotations of keys: the table that its names come from, the keys of its mapping, its wording in messages.

Everything about a single key is in its annotation, and nowhere else in `nnlab.config`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from nnlab.config.synonyms import did_you_mean
from nnlab.rendering.formatters import join_with_or

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from nnlab.datasets import Options

T = TypeVar("T")


@dataclass(frozen=True)
class NameIn:
    """The type of a key that takes a name from a table. The table is read when a value is checked."""

    names: Callable[[], Iterable[str]]
    refused: Callable[[], Iterable[str]] = tuple  # known names that a rule refuses with a reason

    def _checked(self, value: object) -> object:
        """Return `value` if it is one of the names. Raises `PydanticKnownError`."""
        names = list(self.names())
        if value not in [*names, *self.refused()]:
            raise PydanticKnownError("literal_error", {"expected": join_with_or(names)})
        return value

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, Any]:
        return {"enum": list(self.names()), "type": "string"}


@dataclass(frozen=True)
class NamesIn(NameIn):
    """The type of a key that takes a name from a table, or a list of names."""

    def _checked(self, value: object) -> object:
        """Return a name, or a tuple of names. Raises `PydanticKnownError`, or the error of a rule."""
        if not isinstance(value, list | tuple):
            return super()._checked(value)
        known = [*self.names(), *self.refused()]
        if wrong := [name for name in value if name not in known]:
            meant = did_you_mean(wrong[0], known) if isinstance(wrong[0], str) else None
            remedy = f"did you mean {meant}?" if meant else ""
            what = f"must be a list of {join_with_or(list(self.names()))}"
            raise PydanticCustomError("rule", "{what}", {"what": what, "given": wrong[0], "remedy": remedy})
        return tuple(value)

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, Any]:
        name = {"enum": list(self.names()), "type": "string"}
        return {"anyOf": [name, {"type": "array", "items": name}]}


@dataclass(frozen=True)
class SubKeys:
    """Marks a key whose value is a mapping; on the command line, KEY.OPTION=VALUE sets one of its keys.

    The mapping has the keys of `model`, which may depend on the value of the key `by`; it may be missing.
    """

    model: Callable[[Any], type[BaseModel]]
    by: str | None = None
    values_of_by: Callable[[], Iterable[str]] = tuple
    called: str = "key"  # what messages call one of its keys

    def models(self) -> list[type[BaseModel]]:
        """Return all models that the mapping may have."""
        return [self.model(value) for value in self.values_of_by() or (None,)]

    def fields(self, values: Mapping[str, object]) -> dict[str, FieldInfo]:
        """Return the fields of the mapping in a config with these `values`."""
        return self.model(values.get(self.by) if self.by else None).model_fields


@dataclass(frozen=True)
class Phrases:
    """The wording of messages about a key whose type alone does not say enough."""

    must: str = ""  # what the value must be, for any mistake
    must_for: Mapping[str, str] = field(default_factory=dict)  # the same, for each type of pydantic's errors
    words: tuple[str, ...] = ()  # the words that the key takes besides numbers
    item: str = "item"  # the name of an item of its list
    remedy: str = ""


class Config(Protocol):
    """The keys that experiments and baselines have in common: they determine the examples.

    Both declare these keys themselves, in their own order and with their own descriptions.
    """

    @property
    def name(self) -> str:
        """The name of the experiment or baseline, and of its run folders."""

    @property
    def dataset(self) -> str:
        """The name of the dataset."""

    @property
    def dataset_options(self) -> Options:
        """The options of the dataset."""

    @property
    def seed(self) -> int:
        """The seed of all random numbers."""

    @property
    def validation_size(self) -> int:
        """The number of training examples held out for validation."""

    @property
    def train_size(self) -> int | None:
        """The number of examples to learn from; None: all that are not held out."""

    @property
    def dtype(self) -> str:
        """The precision of the inputs."""

    @property
    def description(self) -> str:
        """A note to the reader."""


Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", max_length=100),
    Phrases(
        must_for={
            "string_pattern_mismatch": "must be letters from A to Z, digits and _ . + -, beginning with a "
            "letter, a digit or _"
        },
        remedy="it becomes a folder's name",
    ),
]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
TrainSize = Annotated[
    Annotated[int, Field(ge=1)] | None,
    Phrases(must="must be a whole number of at least 1, or null", words=("null",)),
]
# With this limit, a config stays within the size that the reader accepts, even if all characters are escaped.
Description = Annotated[str, Field(max_length=2000)]


def names_of(info: FieldInfo) -> list[str]:
    """Return the names that a key takes, or a list of which it takes; none if it takes other values too."""
    if of_table := _metadata(info, NameIn):
        return list(of_table.names())
    return list(get_args(info.annotation)) if get_origin(info.annotation) is Literal else []


def phrases_of(info: FieldInfo) -> Phrases:
    """Return the wording of messages about a key."""
    return _metadata(info, Phrases) or Phrases()


@cache
def sub_keys(model: type[BaseModel]) -> dict[str, SubKeys]:
    """Return the keys of `model` whose values are mappings, with their annotations."""
    found = {key: _metadata(info, SubKeys) for key, info in model.model_fields.items()}
    return {key: each for key, each in found.items() if each}


def field_of(model: type[BaseModel], key: str, values: Mapping[str, object]) -> FieldInfo:
    """Return the field of `key` or KEY.OPTION in a config with these `values`. Raises `KeyError`."""
    outer, _, inner = key.partition(".")
    if inner and (mapping := sub_keys(model).get(outer)):
        return mapping.fields(values)[inner]
    return model.model_fields[key]


def _metadata(info: FieldInfo, kind: type[T]) -> T | None:
    return next((each for each in info.metadata if isinstance(each, kind)), None)
