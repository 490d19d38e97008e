"""How a mechanism of the model is declared: plain data, which `mechanisms` puts together.

A `Mechanism` names what one submodel of docs/model.md brings with it: columns of the daily table,
purposes of draws, numbers that its parameters become, arrays of the people and lists of a day,
what it is called and how it is told, and what it costs.  The rule itself is no part of it: that
stands in `kernels` and, written on its own, in `reference`, under the same name.
Columns and purposes are whole numbers that know their name: kernels take them as constants.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar, dataclass_transform

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.core.draws import stream

Bits = NDArray[np.uint64]
Int8Array = NDArray[np.uint8]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Money = NDArray[np.float64]
_Kind = TypeVar("_Kind")


class Purpose(int):
    """What a draw is for: the third field of its address (`core.draws.stream`).

    Parameters
    ----------
    number : int
        Never used for anything else, also after the mechanism is gone.
    address : str
        What stands in the fields ``tick`` and ``j``; the last field is the person unless said.
    """

    address: str

    def __new__(cls, number: int, address: str) -> Purpose:
        """Return the number, with its address."""
        purpose = super().__new__(cls, number)
        purpose.address = address
        return purpose


class Column(int):
    """Columns of the daily table, as the place of their first one.

    Parameters
    ----------
    at : int
        Place of the first column.  Results on disk are in this order: places never move.
    name : str
        Name in the table, and of the variable in results.
    meaning : str
        What is counted, in one line.
    along : str
        The dimension along which there are several columns, "" for one.
    unit : str
    variable : str
        Name of the variable in results, where a dimension has its name already.
    """

    name: str
    meaning: str
    along: str
    unit: str
    variable: str
    width: int

    def __new__(
        cls,
        at: int,
        name: str,
        meaning: str,
        along: str = "",
        unit: str = "people",
        variable: str = "",
    ) -> Column:
        """Return the place, with its name and meaning."""
        column = super().__new__(cls, at)
        column.name, column.meaning, column.along, column.unit = name, meaning, along, unit
        column.variable = variable or name
        column.width = WIDTHS[along]
        return column


#: Columns along each dimension.
WIDTHS: Final = {
    "": 1, "stage": 7, "tier": 4, "segment": 8, "channel": 8, "node": 8, "hop": 16, "good": 8,
}  # fmt: skip


class Module(NamedTuple):
    """Something that can be switched off: the parameters that go to their neutral values.

    `kept`, where there is one, takes the scenario and the weights of the four tiers and gives paths
    and values that take away the differences only, and keep the mean.
    """

    name: str
    parameters: tuple[str, ...]
    en: str
    zh: str
    kept: Callable[[Any, Sequence[float]], dict[str, Any]] | None = None


class Sentence(NamedTuple):
    """What a scenario says of a mechanism (`Scenario.describe`).

    `tell` is handed the scenario and the words of a language, ``say("supply", units=100)``.
    """

    section: str
    place: int
    tell: Callable[[Any, Callable[..., str]], Iterator[str]]
    #: An entry of a long table, which may be cut short.
    entries: bool = False


class Composite(NamedTuple):
    """A number that several parameters make together, and that says what a world is like.

    Runs do not use it.  `of` is handed the scenario; a mapping gives one number a channel, called
    ``name.channel``.  NaN where the scenario does not say.
    """

    name: str
    what: str
    unit: str
    of: Callable[[Any], float | Mapping[str, float]]


class Flows(NamedTuple):
    """What a run says to those who reckon costs: [T, width] columns in people."""

    block: Callable[[str], NDArray[Any]]
    seeds: int
    days: NDArray[np.int64]
    scale: float


class Price(NamedTuple):
    """Money spent for one purpose; places are the order of purposes and never move."""

    place: int
    purpose: str
    what: str
    spend: Callable[[Any, Flows], Money]


@dataclasses.dataclass(frozen=True)
class Made:
    """What is at hand when the numbers and the people of a mechanism are made.

    `people` holds what is known of people so far: the seeds, and what mechanisms before have made.
    """

    scenario: Any
    key: int
    replicate: int
    population: Any
    graphs: Any
    people: dict[str, Any]

    def base(self, purpose: int) -> np.uint64:
        """Return the base of a stream of draws before the first day, one a person."""
        return np.uint64(stream(np.uint64(self.key), self.replicate, purpose, 0, 0))

    def by_channel(self, dtype: Any, value: Callable[[Any], Any], fill: Any = 0) -> NDArray[Any]:
        """Return a value of each channel [8]; `fill` where there is no channel."""
        values = np.full(MAX_CHANNELS, fill, dtype=dtype)
        for c, channel in enumerate(self.scenario.channels.values()):
            values[c] = value(channel)
        return values


# Arrays of the state ---------------------------------------------------------------------------

PEOPLE, WORDS = "people", "words"


@dataclasses.dataclass(frozen=True)
class Array:
    """How an array of the state is made, and whose it is when a run is cut into parts.

    Parameters
    ----------
    dtype : numpy type
    shape : tuple
        Whole numbers, and words for what depends on the run: ``people``, ``ticks``, ``products``,
        ``classes``, ``used channels``; or a function of the rules.
    fill : number, optional
        What it holds at the start; without it whatever the memory holds.
    needed : str or function
        The rule, or a function of the rules, without which it has one element only.
    counter : str
        A list that the people of a part fill in a day, each part its own: who counts its lines.
    flat : bool
        All dimensions in one.
    scratch : bool
        Each part has its own, as large as that of the whole.
    count : bool
        A counter: a view of the one array of counters, cleared every morning unless `lasting`.
    lasting : bool
    world : bool
        Taken from the people of the world under the same name.
    news : bool
        What everybody must know in the morning, in a run on several machines.
    travels : bool
        Settled by the hub of a run on several machines, so it travels with a person's record.
    """

    dtype: Any
    shape: tuple[Any, ...]
    fill: Any = None
    needed: Any = ""
    counter: str = ""
    flat: bool = False
    scratch: bool = False
    count: bool = False
    lasting: bool = False
    world: bool = False
    news: bool = False
    travels: bool = False

    def is_needed(self, rules: Any) -> bool:
        """Say whether these rules use more than one element of it."""
        if not self.needed:
            return True
        return bool(self.needed(rules) if callable(self.needed) else getattr(rules, self.needed))


def _field(array: Array) -> Any:
    return dataclasses.field(metadata={"array": array})


def array(dtype: Any, *shape: Any, **how: Any) -> Any:
    """Declare an array of the state."""
    return _field(Array(dtype, shape, **how))


def by_person(dtype: Any, **how: Any) -> Any:
    """Declare an array with one entry a person."""
    return _field(Array(dtype, (PEOPLE,), **how))


def list_of_day(dtype: Any, *before: Any, counter: str, flat: bool = False) -> Any:
    """Declare a list that people fill in a day, long enough for all of them."""
    return _field(Array(dtype, (*before, PEOPLE), counter=counter, flat=flat))


def count(*shape: int, lasting: bool = False) -> Any:
    """Declare a counter, or several."""
    return _field(Array(np.int64, shape or (1,), count=True, lasting=lasting))


def set_of_people(*before: int) -> Any:
    """Declare a set of people, one bit each."""
    return _field(Array(np.uint64, (*before, WORDS), travels=True))


def of_world(dtype: Any) -> Any:
    """Declare an array that is the world's, one entry a person; only read."""
    return _field(Array(dtype, (PEOPLE,), world=True))


@dataclass_transform(
    field_specifiers=(array, by_person, list_of_day, count, set_of_people, of_world)
)
def arrays(kind: type[_Kind]) -> type[_Kind]:
    """Make a class of arrays a dataclass."""
    return dataclasses.dataclass(kind)


def arrays_of(state: Any) -> Iterator[tuple[str, Array]]:
    """Yield name and declaration of the arrays of a state, or of a part of its class."""
    for field in dataclasses.fields(state):
        if "array" in field.metadata:
            yield field.name, field.metadata["array"]


# The mechanism ---------------------------------------------------------------------------------


class Slot(NamedTuple):
    """A field of the record of a person: name, numpy type, value before the first day."""

    name: str
    dtype: str
    start: int = 0


@dataclasses.dataclass(frozen=True)
class Mechanism:
    """One mechanism of the model, declared.

    Parameters
    ----------
    name : str
        Its name in docs/model.md, and that of its files in `kernels` and `reference`.
    people, numbers : function, optional
        Of what is `Made` so far: its arrays of people of the world; what its parameters become, an
        object of one of the classes that `Rules` is made of.
    state : type, optional
        Its arrays of the state: one of the classes that `State` is made of.
    listener, actor : tuple of Slot
        Its fields of the two records of a person: what hearing touches, what an online user does.
    columns, purposes, modules, sentences, composites, prices
        See the classes of these names.
    words : mapping
        What `sentences` say, in English and in Chinese.
    """

    name: str
    people: Callable[[Made], Mapping[str, Any]] | None = None
    numbers: Callable[[Made], Record] | None = None
    state: type[Record] | None = None
    listener: tuple[Slot, ...] = ()
    actor: tuple[Slot, ...] = ()
    columns: tuple[Column, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    modules: tuple[Module, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    composites: tuple[Composite, ...] = ()
    words: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    prices: tuple[Price, ...] = ()
