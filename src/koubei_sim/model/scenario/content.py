"""What a person writes down for a run: all tables and values of a scenario, as data.

Here are the fields, and what the text of a scenario follows from them; `scenario.Scenario` adds
what one can do with it.  Read by everything that looks into a scenario.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError, model_validator

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Day,
    Named,
    Part,
    Real,
    Truth,
    Whole,
    days,
    one_line,
    parameter,
    people,
    truth,
)
from koubei_sim.model.mechanisms.fields import name as text
from koubei_sim.model.mechanisms.goods import Buying
from koubei_sim.model.mechanisms.participation import Node
from koubei_sim.model.mechanisms.seeding import Seeding
from koubei_sim.model.mechanisms.supply import Supply
from koubei_sim.model.scenario import defaults
from koubei_sim.model.scenario.own import Mechanism
from koubei_sim.model.scenario.parts import (
    Channel,
    Costs,
    Event,
    Good,
    Hearing,
    Loyalty,
    Market,
    Media,
    Milestone,
    Participation,
    Product,
    Segment,
    Service,
    Telling,
)

#: Said while a scenario is made beside which a table of people is handed over.
OWN_PEOPLE = "own people"


class Content(Part):
    """The parts of a scenario; a `Scenario` without what one does with it."""

    #: Mechanisms of the user's own, see `Scenario.with_mechanisms`.
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ()

    name: str = text("scenario", "short name", "any text")
    title: str = text("", "title", "any text")
    description: str = text("", "what the scenario is for", "any text")
    n_agents: Whole = parameter(
        10_000, "people simulated", unit="agents", neutral=STRUCTURE, low=1, high=2**31 - 1
    )
    people_per_agent: Real = people(
        1.0, "people that one simulated person stands for", neutral=1.0, low=1.0, high=1e6
    )
    ticks: Whole = days(365, "days simulated", neutral=STRUCTURE, low=1)
    start_date: Day | None = parameter(
        None, "date of tick 0", unit="date", neutral=STRUCTURE, allowed="a date"
    )
    shared_world: Truth = truth(
        True, "population and networks are the same in all replicates", neutral=STRUCTURE
    )
    agents_table: str | None = text(
        None,
        "CSV or parquet file of people that replaces the drawn population",
        "a path",
        neutral=None,
    )
    agents_by: str | None = text(
        None,
        "column that names the people of a table, index, or row: in order; none: found out",
        "a column, index or row",
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
    goods: Named[Good] = Field(default_factory=dict, description="devices that people buy")
    buying: Buying = Field(default=Buying(), description="needing a device, and choosing one")
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

    # As plain data ---------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any], own_people: bool = False) -> Self:
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

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts without the entries that are None."""
        return self.model_dump(exclude_none=True)

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
        return json.dumps(plain(parts), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def digest(self) -> str:
        """Return the SHA-256 of `canonical`, 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def plain(value: Any) -> Any:
    """Make a value fit for JSON: dates as ISO text, infinities as text, -0.0 as 0.0."""
    if type(value) in (str, int, bool):  # most entries; every run of a sweep comes by here
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return "inf" if math.isinf(value) else value + 0.0
    return value.isoformat() if hasattr(value, "isoformat") else value
