"""The tables of both engines, made on their own from docs/model.md, section 8, are the same.

Two engines that read one table cannot notice an error in it.  Each field of the reference's is held
against that of the mechanisms here, on presets, at the edges and with each module off; on drawn
scenarios `test_twins.py` does so and runs each engine on its own.
"""

from __future__ import annotations

import math
import re
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import betainc, ndtr, ndtri
from tests.equivalence.cases import twin_worlds
from tests.equivalence.faults_tables import FAULTS_TABLES, TableFault
from tests.equivalence.planted import copy_of_reference, source
from tests.equivalence.tables import unlike

from koubei_sim.core.draws import exp_neg_portable
from koubei_sim.model import reference
from koubei_sim.model.mechanisms import MODULES, People, Rules
from koubei_sim.model.mechanisms.channels import DRAW_MEMBER
from koubei_sim.model.mechanisms.fit import DRAW_INCOME, DRAW_TASTE, DRAW_TASTE_GROUP
from koubei_sim.model.mechanisms.online import DRAW_ACTIVITY
from koubei_sim.model.mechanisms.population import DRAW_LEVEL, DRAW_SEGMENT
from koubei_sim.model.reference.coins import Coins, pick
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.world.arrays import World
from koubei_sim.model.world.build import build_tables, build_world
from koubei_sim.runs.simulation import Simulation

INF = float("inf")
TEXT = (Path(__file__).resolve().parents[2] / "docs" / "model.md").read_text("utf-8")

#: `tiny` with what it lacks: agents of several people, events at the same time, a half-life below
#: the base, a share of those heard, an unlimited capacity, blame of the waiting.
BUSY = Scenario.load("tiny").replace(
    **{
        "n_agents": 300,
        "people_per_agent": 2.5,
        "segments.newbie.leave": 1.75,
        "segments.newbie.reinforcement_share": 0.28,  # 0.28 * 25 is a little above 7
        "channels.forum.half_life": 5.0,
        "channels.forum.members_at_start": 0.4,
        "channels.forum.interest": 0.2,
        "channels.forum.lurkers": 0.3,
        "channels.wechat.opens_at": 3,
        "seeding.home": "weibo",
        "seeding.per_day": 4.0,
        "products.phone.needs": 0,
        "products.rom.needs": 0,
        "products.phone.new_needs": 0.2,
        "products.phone.fix_rule": "severest",
        "products.phone.reading_capacity": INF,
        "events.friday.saturation": 2.5,
        "events.storm.length": 5,
        "events.rain": {
            "channel": "weibo",
            "start": 52,
            "length": 9,
            "every": 60,
            "lift_tell": 0.7,
            "lift_visibility": 1.2,
        },
        "events.haze": {"channel": "forum", "start": 17, "length": 3},
        "events.storm.fade": 2.0,
        "events.storm.ride": 0.3,
        "events.friday.ride": 0.2,
        "telling.appeal_sigma": 1.2,
        "channels.weibo.amplify": 2,
        "channels.wechat.amplify_visibility": 0.4,
        "media.account.lead": 0.8,
        "media.account.lifted": True,
        "media.account.posts": 4.5,
        "media.account.unfollow": 0.3,
        "media.account.tolerance": 2.5,
        "market.copied": 3.0,
        "market.copied_after": 9.0,
        "loyalty.tribe": "wechat",
        "loyalty.belonging": 0.4,
        "loyalty.pull": 2.3,
        "channels.wechat.moderation": 0.75,
        "events.congress": {"channel": "weibo", "start": 70, "offline": True, "size_cap": 29},
        "segments.newbie.opens_at": 9,
        "channels.weibo.retelling": 1.75,
        "channels.wechat.retelling_force": 8.0,
        "channels.weibo.share": 0.2,
        "channels.weibo.share_force": 0.35,
        "channels.forum.staff_share": 2.5,
        "service.staff": 3.0,
        "service.minutes": 77.0,
        "service.minutes_per_answer": 7.0,
        "service.minutes_per_reply": 2.5,
        "service.deed_story": 0.3,
        "service.deed_learning": 4.0,
        "events.storm.lift_retelling": 2.5,
        "events.rain.lift_retelling": 0.4,
        "events.storm.talking_point": 0.3,
        "events.rain.talking_point": 0.1,
        "events.storm.winners": 11.0,
        "events.storm.prize": 2.0,
        "events.storm.loss": 0.25,
        "events.congress.winners": 4.0,
        "events.congress.prize": 1.0,
        "events.friday.winners": 2.0,
        "events.friday.prize": 0.5,
        "events.friday.loss": 0.5,
        "events.congress.visit": 0.4,
        "telling.bond": 0.2,
        "telling.bond_half_life": 12.0,
        "telling.bond_gain": 3.0,
        "buying.bond_weight": 1.5,
        "participation.hunting": 0.6,
        "seeding.stay": True,
        "goods.pad": {
            "quality": 0.5,
            "price": 1500.0,
            "unit_cost": 900.0,
            "orders_per_day": 20.0,
            "breakage": 0.7,
            "trials": 9.0,
            "trials_at": 30,
            "trials_gain": 1.5,
        },
        "market.aware_at_start": 0.2,
        "hearing.forget_half_life": 45.0,
        "telling.scarcity_valence": -0.4,
        "supply.units": 41.0,
        "supply.rounds": [{"day": 44, "units": 30.0}, {"day": 119, "units": 7.0}],
    }
)

#: What a day, a half-life or a share at the end of its range may do to a table.
EDGES: dict[str, dict[str, Any]] = {
    "one person, one day": {"n_agents": 1, "ticks": 1, "seeding.number": 0},
    "no nodes": dict.fromkeys(("nodes.vote", "nodes.report", "nodes.contest")),
    "nothing wears off": {
        "participation.fatigue_half_life": INF,
        "telling.novelty_half_life": INF,
        "hearing.memory_half_life": INF,
        "loyalty.base_half_life": INF,
        "service.answer_half_life": INF,
    },
    "all channels hold alike": dict.fromkeys(
        (f"channels.{c}.half_life" for c in ("forum", "weibo", "wechat")), 20.0
    ),
    "certain": {
        "channels.weibo.persuasion": 1.0,
        "channels.weibo.visibility": 1.0,
        "channels.weibo.tell": 0.3,
        "telling.credibility": (1.0, 1.0, 1.0, 1.0),
        "telling.plain_authenticity": 1.0,
        "media.account.persuasion": 1.0,
        "nodes.vote.simple": 0.0,
        "nodes.contest.simple": 1.0,
        "participation.join": 0.3,
        "market.aware_at_start": 1.0,
        "service.churn": 1.0,
    },
    "impossible": {
        "channels.weibo.persuasion": 0.0,
        "channels.wechat.visibility": 0.0,
        "channels.forum.fidelity": 0.0,
        "telling.repeat_fatigue": 0.0,
        "telling.referral_reward": 1.0,
        "telling.referral_taint": 1.0,
        "market.aware_at_start": 0.0,
    },
    "no attention": {"segments.newbie.reading_budget": 1e-6, "channels.weibo.background_load": 0.0},
    "attention for one": {"segments.enthusiast.reading_budget": INF},
    "the last day": {
        "events.storm.start": 118,
        "events.storm.every": 0,
        "events.meeting.start": 119,
        "supply.start": 119,
        "media.account.end": 119,
        "market.rival": [{"day": 119, "hazard": 1e-8}],
    },
    "after the last day": {
        "events.storm.start": 120,
        "supply.start": 120,
        "supply.rounds": [{"day": 120, "units": 9.0}],
        "market.rival": [{"day": 120, "hazard": 1.0}],
        "products.phone.launch_at": 120,
    },
    "one round": {"supply.every": 0, "supply.units": 0.4},
    "large agents": {"people_per_agent": 1e6, "seeding.number": 1},
    "lifts at their limit": {
        "events.storm.lift_tell": 64.0,
        "events.storm.lift_visibility": 64.0,
        "events.rain.lift_tell": 1.0,
        "events.rain.lift_visibility": 0.0,
    },
    "nobody relays": {"telling.relay": 0.0, "telling.rejecter": 0.0, "telling.waiting": 0.0},
    "one telling is enough": {
        "segments.newbie.reinforcement_share": 0.0,
        "segments.newbie.reinforcement": 1,
    },
    "surprise alone": {"loyalty.bar_rise": 0.0, "loyalty.delight": 0.1},
    "an eighth of a unit": {"supply.units": 0.1, "supply.every": 1, "people_per_agent": 1.0},
}


@cache
def busy() -> tuple[World, tuple[Any, ...]]:
    """Return the busy world by the mechanisms, and what tables are made of."""
    handed: list[Any] = []

    def tables(*drawn: Any) -> Any:
        handed.extend(drawn)
        return build_tables(*drawn)

    return build_world(BUSY, 7, 1, tables=tables), tuple(handed)


# ---------------------------------------------------------------- equality


@pytest.mark.filterwarnings("ignore:network file")  # a small world stands in for it
@pytest.mark.parametrize("name", Scenario.presets())
def test_tables_agree_on_presets(name: str) -> None:
    """Catches a table of a preset that is not what the text says."""
    scenario = Scenario.load(name)
    if scenario.n_agents > 10_000:
        scenario = scenario.replace(n_agents=5_000)
    assert unlike(*twin_worlds(scenario, 11, 2)) == {}


@pytest.mark.parametrize("edge", EDGES)
def test_tables_agree_at_the_edges(edge: str) -> None:
    """Catches infinities, days beyond the end, nought and one that the two read differently."""
    assert unlike(*twin_worlds(BUSY.replace(**EDGES[edge]), 2**64 - 1, 3)) == {}


def test_tables_agree_where_a_module_is_off() -> None:
    """Catches a neutral value of which only one engine makes a neutral table."""
    for module in MODULES:
        assert unlike(*twin_worlds(BUSY.neutral(module), 5)) == {}, module


def test_the_reference_engine_runs_on_its_own_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a door through which it would get the tables of the mechanisms again."""
    asked = []

    def seen(*drawn: Any) -> Any:
        asked.append(drawn[2])
        return reference.tables.make_tables(*drawn)

    monkeypatch.setattr(reference, "make_tables", seen)
    scenario = BUSY.replace(ticks=3)
    slow = Simulation(scenario, 1, engine="reference").history(2)
    assert asked == [2]
    fast = Simulation(scenario, 1).history(2)
    assert asked == [2]
    assert (slow.table == fast.table).all()


# ---------------------------------------------------------------- people


def test_people_are_drawn_as_the_text_says() -> None:
    """Catches another law, class, address or rounding of who people are than section 8 has."""
    _, (scenario, key, replicate, drawn, _, _) = busy()
    assert (
        replicate == 1 and scenario.shared_world
    )  # so their draws have the address of replicate 0
    coins, segments = Coins(key, 0), list(scenario.segments.values())

    def digits(value: float) -> float:
        return float(f"{value:.12g}")

    def between(low: float, high: float) -> float:
        """Probability of the normal law, from the tail that is nearer: 12 digits need that."""
        return ndtr(-low) - ndtr(-high) if low > 0 else ndtr(high) - ndtr(low)

    def heavy(m: int, k: int, sigma: float) -> float:
        return digits(m * between(ndtri(k / m) - sigma, ndtri((k + 1) / m) - sigma))

    def density(k: int) -> float:
        z = digits(ndtri(k / 4096))
        return exp_neg_portable(0.5 * z * z) / math.sqrt(2.0 * math.pi)

    def chosen(purpose: int, i: int, m: int) -> int:
        return pick(coins.coin(purpose, 0, 0, i), m)

    limits = [int(share * 4294967296.0) for share in accumulate(s.share for s in segments)]
    for i in range(scenario.n_agents):
        coin = coins.coin(DRAW_SEGMENT, 0, 0, i)
        number = next((s for s, limit in enumerate(limits) if coin < limit), len(limits) - 1)
        mine, coin, level = segments[number], coins.coin(DRAW_LEVEL, 0, 0, i), 0
        a, b = mine.expertise_a, mine.expertise_b
        while level < 127 and coin >= int(digits(betainc(a, b, (level + 1) / 128)) * 4294967296.0):
            level += 1
        assert (drawn.segment[i], drawn.level[i]) == (number, level)
        assert drawn.activity[i] == heavy(4096, chosen(DRAW_ACTIVITY, i, 4096), mine.activity_sigma)
        member = sum(
            1 << c
            for c, name in enumerate(scenario.channels)
            if coins.coin(DRAW_MEMBER, 0, c, i) < int(mine.membership.get(name, 1.0) * 4294967296.0)
        )
        assert drawn.channels[i] == member
        mean = mine.income_median * digits(math.exp(mine.income_sigma**2 / 2))
        assert drawn.income[i] == mean * heavy(256, chosen(DRAW_INCOME, i, 256), mine.income_sigma)
        k = chosen(DRAW_TASTE, i, 4096)
        taste = digits(4096 * (density(k) - density(k + 1)))
        assert drawn.taste[i] == scenario.market.taste_sd * taste
        assert drawn.taste_group[i] == chosen(DRAW_TASTE_GROUP, i, scenario.market.taste_groups)


# ---------------------------------------------------------------- the text


def test_the_text_says_how_every_field_is_made() -> None:
    """Catches a table that a stranger could not make: one that section 8 leaves out.

    What has the name of a parameter, or is a place in the order of the scenario, needs no formula.
    """
    assert "## 8. Tables" in TEXT
    words = set(re.findall(r"\w+", TEXT.partition("## 8. Tables")[2]))
    parameters = {row.path.rpartition(".")[2] for row in parameter_table()}
    fields = [*Rules._fields, *People._fields]
    assert len(fields) > 100
    assert not [name for name in fields if name not in words | parameters]


# ---------------------------------------------------------------- the comparison itself


def test_a_difference_of_tables_is_found_in_every_field_and_named() -> None:
    """Catches a comparison that skips a field, the last entry, a type or the sign of nought."""
    world, drawn = busy()
    people, rules = build_tables(*drawn)
    own = World(people, world.graphs, rules)
    for part in ("people", "rules"):
        fields = getattr(own, part)
        for name, value in fields._asdict().items():
            changed = np.array(value)
            last = (-1,) * changed.ndim
            changed[last] = 3 if changed[last] != 3 else 5
            spoilt = changed if changed.ndim else type(value)(changed[()])
            found = unlike(world, own._replace(**{part: fields._replace(**{name: spoilt})}))
            assert list(found) == [name], name
            wider = fields._replace(**{name: np.array(value).astype(np.complex128)})
            assert "types or shapes" in unlike(world, own._replace(**{part: wider}))[name]
    negative = own.rules._replace(dilution=own.rules.dilution * -1.0)
    assert list(unlike(world, own._replace(rules=negative))) == ["dilution"]


# ---------------------------------------------------------------- planted faults


def spoilt_by(fault: TableFault) -> set[str]:
    """Return the fields of the busy world that differ where the fault is planted."""
    world, drawn = busy()
    text = source(fault.module).replace(fault.old, fault.new)
    with copy_of_reference(fault.module, text) as copy:
        people, rules = copy.make_tables(*drawn)
    return set(unlike(world, World(people, world.graphs, rules)))


def test_table_faults_are_written_for_the_present_code() -> None:
    """Catches a list that rots: text that has gone or stands twice."""
    wrong = [f.what for f in FAULTS_TABLES if source(f.module).count(f.old) != 1]
    assert not wrong, f"not exactly once in its module: {wrong}"
    assert len({fault.what for fault in FAULTS_TABLES}) == len(FAULTS_TABLES) >= 60


def test_every_fault_in_a_table_is_caught() -> None:
    """Catches a comparison, or a scenario, too tame to show a wrong table."""
    world, drawn = busy()
    with copy_of_reference() as copy:  # the copying alone spoils nothing
        people, rules = copy.make_tables(*drawn)
    assert unlike(world, World(people, world.graphs, rules)) == {}
    wrong = {
        f.what: found for f in FAULTS_TABLES if (found := spoilt_by(f)) != set(f.fields.split())
    }
    assert not wrong, f"noticed in other fields, or in none: {wrong}"
