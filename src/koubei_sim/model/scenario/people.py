"""Who is there and where they meet: segments of the population, channels and their networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario.fields import (
    INFINITY,
    STRUCTURE,
    TRIAL,
    Named,
    Part,
    Real,
    Truth,
    Whole,
    fraction,
    infinite,
    parameter,
)


class Segment(Part):
    """A kind of people: how many, how expert, how active, where they are members."""

    share: Real = parameter(
        1.0, "share of the population", unit="1", neutral=STRUCTURE, low=0.0, high=1.0, source=TRIAL
    )
    enthusiast: Truth = parameter(
        False,
        "an enthusiast (fashaoyou); all others are newbies (xiaobai)",
        unit="choice",
        neutral=STRUCTURE,
        allowed="true or false",
    )
    expertise_a: Real = parameter(
        2.0,
        "first shape of the Beta law of expertise",
        unit="1",
        neutral=STRUCTURE,
        low=0.05,
        high=1000.0,
        source=TRIAL,
    )
    expertise_b: Real = parameter(
        6.0,
        "second shape of the Beta law of expertise",
        unit="1",
        neutral=STRUCTURE,
        low=0.05,
        high=1000.0,
        source=TRIAL,
    )
    activity_sigma: Real = parameter(
        1.0,
        "spread of activity: log-normal with mean 1 and this sigma of its logarithm",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=3.0,
        source=TRIAL,
    )
    membership: Named[Real] = parameter(
        dict,
        "probability to be a member, by channel; a channel not named: 1",
        unit="1",
        neutral={},
        low=0.0,
        high=1.0,
        source=TRIAL,
    )
    reading_budget: Real = infinite(
        "messages/day", "messages a day that a listener can take in on one feed"
    )
    income_median: Real = parameter(
        1000.0,
        "median of what a person would spend on the product at most",
        unit="money",
        neutral=INFINITY,
        above=0.0,
        high=INFINITY,
    )
    income_sigma: Real = parameter(
        0.5, "spread of income: sigma of its logarithm", unit="1", neutral=0.0, low=0.0, high=3.0
    )
    reinforcement: Whole = parameter(
        1,
        "distinct tellings needed before adopting",
        unit="tellings",
        neutral=1,
        low=1,
        high=65535,
        source="Centola and Macy 2007, complex contagion; the value is an assumption",
    )
    reinforcement_share: Real = fraction(
        0.0,
        "share of the people heard (in-neighbours over all feeds) that must have told",
        source="Watts 2002, threshold rule; the value is an assumption",
    )

    @model_validator(mode="after")
    def _finite_income(self) -> Segment:
        if self.income_median == INFINITY and self.income_sigma > 0:
            # An infinite median has no spread; saying so beats a silent NaN in the tables.
            raise KoubeiError(
                "income_sigma",
                "an infinite income has no spread",
                got=self.income_sigma,
                allowed="0",
                fix="0",
            )
        return self


class NetworkSpec(Part):
    """The graph of one feed: who hears whom among the members of the channel."""

    kind: Literal[
        "follow",
        "small_world",
        "configuration",
        "barabasi_albert",
        "erdos_renyi",
        "ring",
        "lattice",
        "complete",
        "file",
    ] = parameter(
        "small_world",
        "generator, or file",
        unit="choice",
        neutral=STRUCTURE,
        allowed="follow, small_world, configuration, barabasi_albert, erdos_renyi, ring, lattice, "
        "complete, file",
    )
    mean_degree: Real = parameter(
        15.0,
        "listeners a member has on average",
        unit="people",
        neutral=STRUCTURE,
        low=0.0,
        high=10000.0,
        source=TRIAL,
    )
    exponent: Real = parameter(
        2.3,
        "exponent of the heavy tail of degrees (follow, configuration)",
        unit="1",
        neutral=STRUCTURE,
        low=2.01,
        high=10.0,
        source="Goel, Anderson, Hofman and Watts 2016, model of Twitter cascades",
    )
    rewire: Real = parameter(
        0.1,
        "share of ties that lead out of the community (small_world)",
        unit="1",
        neutral=STRUCTURE,
        low=0.0,
        high=1.0,
        source="Watts and Strogatz 1998, small-world region",
    )
    community_size: Whole = parameter(
        100,
        "people in a community (small_world)",
        unit="people",
        neutral=STRUCTURE,
        low=3,
        high=1_000_000,
    )
    homophily: Real = fraction(
        0.0, "share of ties drawn within one's own segment (follow, small_world)"
    )
    directed: Truth = parameter(
        False,
        "ties of one direction (erdos_renyi, file); follow graphs always are",
        unit="choice",
        neutral=STRUCTURE,
        allowed="true or false",
    )
    rows: Whole = parameter(
        0,
        "rows of a lattice; 0: the square root of the number of people",
        unit="people",
        neutral=STRUCTURE,
        low=0,
        high=1_000_000,
    )
    moore: Truth = parameter(
        True,
        "a lattice with eight neighbours instead of four",
        unit="choice",
        neutral=STRUCTURE,
        allowed="true or false",
    )
    path: str | None = parameter(
        None,
        "file of the graph, or the name of a known data set (file)",
        unit="name",
        neutral=STRUCTURE,
        allowed="a path",
    )
    stand_in: Literal["refuse", "small_world"] = parameter(
        "refuse",
        "what to do where the file is absent: refuse, or warn and use a small world",
        unit="choice",
        neutral=STRUCTURE,
        allowed="refuse, small_world",
    )

    @model_validator(mode="after")
    def _path_given(self) -> NetworkSpec:
        if (self.kind == "file") != (self.path is not None):
            raise KoubeiError(
                "path",
                "a network of kind file, and no other, has a path",
                got=self.path or "none",
                allowed="a path with kind file",
                fix="kind = 'file' and a path",
            )
        return self


class Channel(Part):
    """A place where people tell: a feed (a graph of listeners) or a board (a pool of posts)."""

    medium: Literal["feed", "board"] = parameter(
        "feed",
        "feed: the teller's listeners hear; board: members read a pool of posts",
        unit="choice",
        neutral=STRUCTURE,
        allowed="feed, board",
    )
    network: NetworkSpec | None = Field(default=None, description="graph of a feed")
    visibility: Real = fraction(
        0.3,
        "probability that a listener sees a message (boards: 1, see readers_per_post)",
        source=TRIAL,
    )
    persuasion: Real = fraction(
        0.05,
        "probability that one message seen convinces, before credibility and fit",
        source=TRIAL,
    )
    tell: Real = parameter(
        0.02,
        "tellings a day of a casual user of activity 1",
        unit="1/day",
        neutral=0.0,
        low=0.0,
        high=100.0,
        source=TRIAL,
    )
    fidelity: Real = fraction(1.0, "what is left of a message at each retelling", neutral=1.0)
    half_life: Real = infinite(
        "days",
        "half-life of engagement of those whom this channel holds",
        default=20.0,
        source=TRIAL,
    )
    background_load: Real = parameter(
        0.0,
        "other messages a day that compete for attention",
        unit="messages/day",
        neutral=0.0,
        low=0.0,
        high=1e6,
    )
    readers_per_post: Real = parameter(
        0.0,
        "people one post reaches (boards)",
        unit="people",
        neutral=0.0,
        low=0.0,
        high=1e9,
        source=TRIAL,
    )
    reading: Real = infinite("posts/day", "posts a day that a member reads at most (boards)")
    tie: Literal["none", "overlap", "weight"] = parameter(
        "none",
        "what makes a tie strong: nothing, shared neighbours, or the weights of the file",
        unit="choice",
        neutral="none",
        allowed="none, overlap, weight",
        source="Onnela et al. 2007, neighbourhood overlap",
    )
    tie_floor: Real = fraction(1.0, "weight of a message across the weakest tie", neutral=1.0)
    opens_at: Whole = parameter(
        0, "tick at which the channel opens", unit="day", neutral=0, low=0, high=30000
    )
    join_on_adoption: Real = fraction(0.0, "probability that a new user becomes a member (boards)")
    reply: Real = fraction(0.0, "probability that a telling gets a reply")
    service_capacity: Real = parameter(
        0.0,
        "complaints that the staff handle a day; 0: no service here",
        unit="complaints/day",
        neutral=0.0,
        low=0.0,
        high=1e9,
    )
    service_public: Truth = parameter(
        True,
        "answers are seen by everybody and teach people to complain",
        unit="choice",
        neutral=False,
        allowed="true or false",
    )
    staff_cost: Real = parameter(
        0.0, "cost of the staff of this channel", unit="money/day", neutral=0.0, low=0.0, high=1e12
    )

    @model_validator(mode="before")
    @classmethod
    def _feeds_have_a_graph(cls, given: object) -> object:
        """Give a feed that names no network the default one."""
        if isinstance(given, dict) and given.get("medium", "feed") == "feed":
            return (
                given if given.get("network") is not None else {**given, "network": NetworkSpec()}
            )
        return given

    @model_validator(mode="after")
    def _medium_fits(self) -> Channel:
        if self.medium == "board":
            if self.network is not None:
                raise KoubeiError(
                    "network",
                    "a board has no network",
                    got=self.network.kind,
                    allowed="feeds only",
                    fix="medium = 'feed'",
                )
            if self.readers_per_post <= 0:
                raise KoubeiError(
                    "readers_per_post",
                    "a board needs readers",
                    got=self.readers_per_post,
                    allowed="above 0",
                    fix="60",
                )
            if self.tie != "none":
                raise KoubeiError(
                    "tie", "a board has no ties", got=self.tie, allowed="none", fix="none"
                )
        elif self.join_on_adoption > 0:
            raise KoubeiError(
                "join_on_adoption",
                "only boards are joined on adoption",
                got=self.join_on_adoption,
                allowed="0",
                fix="medium = 'board'",
            )
        return self
