"""The scenario: everything a person writes down for a run, checked and frozen.

A scenario is made from a preset, a TOML file or keyword arguments, changed only by `replace`
(which returns a new one), and turned into arrays by `model.world.build`.  This is the front door
of `spec`; files are in `files.py`, words in `describe.py`, neutral values in `neutral.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import defaults
from koubei_sim.model.scenario.checks import check
from koubei_sim.model.scenario.conduct import Hearing, Loyalty, Participation, Service, Telling
from koubei_sim.model.scenario.fields import (
    STRUCTURE,
    Day,
    Named,
    Part,
    Real,
    Truth,
    Whole,
    parameter,
)
from koubei_sim.model.scenario.market import Costs, Market, Seeding, Supply
from koubei_sim.model.scenario.messages import one_line
from koubei_sim.model.scenario.offers import Event, Media, Milestone, Node, Product
from koubei_sim.model.scenario.people import Channel, Segment

if TYPE_CHECKING:
    from koubei_sim.model.scenario.own import Mechanism

#: Said while a scenario is made beside which a table of people is handed over.
OWN_PEOPLE = "own people"


class Scenario(Part):
    """Everything that decides a run, but the key of its randomness.

    Parameters
    ----------
    **parts : object
        The fields below; all have defaults.  `parameter_table` lists each with unit, range,
        neutral value and provenance.

    Raises
    ------
    KoubeiError
        One line, naming the dotted path of the first fault.

    Examples
    --------
    >>> scenario = Scenario.load("tiny")
    >>> scenario.replace(**{"seeding.purity": 0.3}).seeding.purity
    0.3
    >>> scenario.replace(**{"seeding.purty": 0.3})
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: seeding.purty: unknown parameter, ..., try purity
    """

    #: Mechanisms of the user's own, see `with_mechanisms`.
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ()

    name: str = parameter(
        "scenario", "short name", unit="name", neutral=STRUCTURE, allowed="any text"
    )
    title: str = parameter("", "title", unit="name", neutral=STRUCTURE, allowed="any text")
    description: str = parameter(
        "", "what the scenario is for", unit="name", neutral=STRUCTURE, allowed="any text"
    )
    n_agents: Whole = parameter(
        10_000, "people simulated", unit="agents", neutral=STRUCTURE, low=1, high=2**31 - 1
    )
    people_per_agent: Real = parameter(
        1.0,
        "people that one simulated person stands for",
        unit="people",
        neutral=1.0,
        low=1.0,
        high=1e6,
    )
    ticks: Whole = parameter(
        365, "days simulated", unit="days", neutral=STRUCTURE, low=1, high=30000
    )
    start_date: Day | None = parameter(
        None, "date of tick 0", unit="date", neutral=STRUCTURE, allowed="a date"
    )
    shared_world: Truth = parameter(
        True,
        "population and networks are the same in all replicates",
        unit="choice",
        neutral=STRUCTURE,
        allowed="true or false",
    )
    agents_table: str | None = parameter(
        None,
        "CSV or parquet file of people that replaces the drawn population",
        unit="name",
        neutral=None,
        allowed="a path",
    )
    agents_by: str | None = parameter(
        None,
        "column that names the people of a table, index, or row: in order; none: found out",
        unit="name",
        neutral=STRUCTURE,
        allowed="a column, index or row",
    )
    segments: Named[Segment] = Field(description="kinds of people")
    channels: Named[Channel] = Field(
        default_factory=defaults.channels, description="where people tell, in order"
    )
    products: Named[Product] = Field(default_factory=defaults.products, description="products")
    nodes: Named[Node] = Field(default_factory=defaults.nodes, description="participation nodes")
    events: Named[Event] = Field(default_factory=dict, description="events")
    media: Named[Media] = Field(default_factory=dict, description="own media and advertising")
    participation: Participation = Field(default=Participation(), description="taking part")
    telling: Telling = Field(default=Telling(), description="telling")
    hearing: Hearing = Field(default=Hearing(), description="hearing")
    loyalty: Loyalty = Field(default=Loyalty(), description="loyalty")
    service: Service = Field(default=Service(), description="complaints and answers")
    supply: Supply = Field(default=Supply(), description="supply")
    market: Market = Field(default=Market(), description="the market")
    seeding: Seeding = Field(default=Seeding(), description="who starts")
    costs: Costs = Field(default=Costs(), description="prices")
    milestones: tuple[Milestone, ...] = Field(default=(), description="counts in the world")

    @model_validator(mode="before")
    @classmethod
    def _people_for_the_channels(cls, given: object) -> object:
        """Where no segments are named, take the default ones, members of the channels there are."""
        if isinstance(given, dict) and "segments" not in given:
            channels = given.get("channels")
            names = channels if isinstance(channels, Mapping) else defaults.channels()
            return {**given, "segments": defaults.segments(names)}
        return given

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Scenario:
        check(self, bool(info.context and info.context.get(OWN_PEOPLE)))
        return self

    # What is derived ------------------------------------------------------------------------

    @property
    def feeds(self) -> tuple[str, ...]:
        """Names of the channels that are feeds, in order."""
        return tuple(name for name, c in self.channels.items() if c.medium == "feed")

    @property
    def seed_agents(self) -> int:
        """Number of simulated seeds: people divided by `people_per_agent`, at least 1 if any."""
        if self.seeding.strategy == "ids":
            return len(self.seeding.ids)
        number = self.seeding.number
        return max(1, int(number / self.people_per_agent + 0.5)) if number else 0

    # Making -----------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any], own_people: bool = False) -> Scenario:
        """Make a scenario from plain nested dicts (as in a TOML file).

        With `own_people` a table of people is handed over beside it: its shares count, not those
        of the segments.
        """
        if not isinstance(parts, Mapping):
            raise KoubeiError("scenario", "must be a table of parameters", got=checks.shown(parts))
        try:
            return cls.model_validate(dict(parts), context={OWN_PEOPLE: own_people})
        except ValidationError as error:
            raise one_line(error, cls) from None

    @classmethod
    def load(cls, name: str | Path, own_people: bool = False) -> Scenario:
        """Read a preset by name, or a TOML file by path (`own_people` as in `from_dict`).

        Raises
        ------
        KoubeiError
            For an unknown preset, a missing file, a syntax error or a wrong value.
        """
        from koubei_sim.model.scenario.files import read

        return cls.from_dict(read(name), own_people)

    @staticmethod
    def presets() -> tuple[str, ...]:
        """Return the names of the scenarios that come with the library.

        Examples
        --------
        >>> "xiaomi" in Scenario.presets()
        True
        """
        from koubei_sim.model.scenario.files import preset_names

        return preset_names()

    def replace(self, **changes: Any) -> Scenario:
        """Return a new scenario with values at dotted paths changed.

        An entry of a table (a channel, an event, ...) can be added or replaced by giving it whole,
        and removed by giving None.

        Raises
        ------
        KoubeiError
            For an unknown path (with the nearest name) or a wrong value.

        Examples
        --------
        >>> s = Scenario().replace(**{"channels.weibo.tell": 0.04, "channels.qzone": None})
        >>> s.channels["weibo"].tell, list(s.channels)
        (0.04, ['forum', 'weibo', 'wechat'])
        """
        return self.changed(changes)

    def changed(self, changes: Mapping[str, Any], own_people: bool = False) -> Scenario:
        """Do what `replace` does (`own_people` as in `from_dict`)."""
        from koubei_sim.model.scenario.parameters import set_paths

        return self.from_dict(set_paths(self, changes), own_people)

    def neutral(self, *modules: str) -> Scenario:
        """Return the scenario with the named modules at their neutral value.

        Examples
        --------
        >>> Scenario().neutral("learning").products["product"].learn_quality
        0.0
        """
        from koubei_sim.model.scenario.neutral import neutral_paths

        return self.replace(**neutral_paths(self, modules))

    def with_mechanisms(self, *mechanisms: Mechanism) -> Scenario:
        """Return the scenario with mechanisms of the user's own, at their default values.

        Parameters
        ----------
        *mechanisms : Mechanism
            One of a name that is there already takes its place.

        Raises
        ------
        KoubeiError
        """
        if not mechanisms:
            return self
        from koubei_sim.model.scenario.own import class_with, remake

        return remake(class_with(type(self), mechanisms).mechanisms, self.to_dict())

    def __reduce__(self) -> Any:
        """Take a scenario with mechanisms apart: its class exists in this process only."""
        if not self.mechanisms:
            return super().__reduce__()
        from koubei_sim.model.scenario.own import remake

        return remake, (self.mechanisms, self.to_dict())

    # Saying -----------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts without the entries that are None."""
        return self.model_dump(exclude_none=True)

    def to_toml(self) -> str:
        """Return the whole scenario as TOML; reading it gives an equal scenario."""
        from koubei_sim.model.scenario.files import to_toml

        return to_toml(self)

    def save(self, path: str | Path) -> Path:
        """Write the TOML to `path` (to a temporary name first, then renamed)."""
        from koubei_sim.model.scenario.files import save

        return save(self, path)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON schema of a scenario, for editors and forms."""
        from koubei_sim.model.scenario.parameters import json_schema

        return json_schema()

    def describe(self, lang: str = "en") -> str:
        """Say the scenario in plain words, 40-80 lines of at most 80 columns.

        Parameters
        ----------
        lang : {"en", "zh"}
        """
        from koubei_sim.model.scenario.describe import describe

        return describe(self, lang)

    def canonical(self) -> str:
        """Return sorted JSON that is equal exactly for equal scenarios.

        Order of channels, nodes and products matters to a run (draws are addressed by number),
        so it is part of the text.
        """
        parts = self.to_dict()
        orders = ("segments", "channels", "products", "nodes", "events", "media")
        parts["order"] = {name: list(parts[name]) for name in orders}
        if self.mechanisms:
            parts["mechanisms"] = [[one.name, one.fingerprint] for one in self.mechanisms]
        return json.dumps(_plain(parts), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def digest(self) -> str:
        """Return the SHA-256 of `canonical`, 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Make a value fit for JSON: dates as ISO text, infinities as text, -0.0 as 0.0."""
    if type(value) in (str, int, bool):  # most entries; every run of a sweep comes by here
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return "inf" if math.isinf(value) else value + 0.0
    return value.isoformat() if hasattr(value, "isoformat") else value
