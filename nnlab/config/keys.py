"""What a key has besides its type: the table that its names come from, keys of its own, phrases.

A key carries these in its annotation, so that nothing else in `nnlab.config` is about one key alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from nnlab.datasets import Options

T = TypeVar("T")

# Every config, and every mapping in one, is read strictly and never changes.
STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class NameIn:
    """The type of a key that takes a name in a table, as the table is when a value is checked."""

    names: Callable[[], Iterable[str]]
    refused: Callable[[], Iterable[str]] = tuple  # known as well, but a rule refuses them and says why

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
class SubKeys:
    """Says of a key that its value is a mapping; on the command line, KEY.OPTION=VALUE sets one of its keys.

    The keys are those of `model`, which may depend on the value of the key `by`.
    """

    model: Callable[[Any], type[BaseModel]]
    by: str | None = None
    called: str = "key"  # what messages call one of its keys

    def fields(self, values: Mapping[str, object]) -> dict[str, FieldInfo]:
        """Return the fields of the mapping in a config of these `values`."""
        return self.model(values.get(self.by or "")).model_fields


@dataclass(frozen=True)
class Phrases:
    """How messages word a key where its type alone would not say enough."""

    must: str = ""  # what the value must be, whatever is wrong with it
    must_for: Mapping[str, str] = field(default_factory=dict)  # the same by pydantic's type of error
    words: tuple[str, ...] = ()  # what the key takes besides numbers
    item: str = "item"  # what an item of its list is called
    remedy: str = ""


class Config(Protocol):
    """What the configs of networks and of baselines have in common: which examples are learnt from.

    Both declare these keys themselves, in their own order and words.
    """

    @property
    def name(self) -> str:
        """The name of the experiment or baseline, and of its run folders."""

    @property
    def dataset(self) -> str:
        """What is learnt from."""

    @property
    def dataset_options(self) -> Options:
        """The options of the dataset."""

    @property
    def seed(self) -> int:
        """The start of all random numbers."""

    @property
    def validation_size(self) -> int:
        """How many training examples are held out to validate on."""

    @property
    def train_size(self) -> int | None:
        """How many examples are learnt from; None: all that are not held out."""

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
# The limit keeps a written config within what the reader accepts, even with every character escaped.
Description = Annotated[str, Field(max_length=2000)]


def join_with_or(names: Iterable[str]) -> str:
    """Return `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def names_of(info: FieldInfo) -> list[str]:
    """Return the words that a key may hold, if it takes nothing but words."""
    if of_table := _metadata(info, NameIn):
        return list(of_table.names())
    return list(get_args(info.annotation)) if get_origin(info.annotation) is Literal else []


def phrases_of(info: FieldInfo) -> Phrases:
    """Return how messages word a key."""
    return _metadata(info, Phrases) or Phrases()


@cache
def sub_keys(model: type[BaseModel]) -> dict[str, SubKeys]:
    """Return the keys of `model` whose values are mappings."""
    found = {key: _metadata(info, SubKeys) for key, info in model.model_fields.items()}
    return {key: each for key, each in found.items() if each}


def field_of(model: type[BaseModel], key: str, values: Mapping[str, object]) -> FieldInfo:
    """Return the field of `key`, which may be KEY.OPTION, in a config of these `values`. Raises KeyError."""
    outer, _, inner = key.partition(".")
    if inner and (mapping := sub_keys(model).get(outer)):
        return mapping.fields(values)[inner]
    return model.model_fields[key]


def _metadata(info: FieldInfo, kind: type[T]) -> T | None:
    return next((each for each in info.metadata if isinstance(each, kind)), None)
