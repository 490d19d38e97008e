"""More is never later where nothing pushes back, and a neutral module is an absent one.

Both compare worlds that share every draw, on the compiled engine: the first person by person, the
second byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, seed, settings
from tests import codes
from tests.equivalence.cases import coarse_world
from tests.properties.test_pyramid import SEEDS
from tests.properties.test_pyramid_changes import campaign
from tests.strategies import scenarios
from tests.worlds import FULL16, FULL20, random_world, with_people, with_rules

from koubei_sim.core.draws import HAZARD_ONE
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.scenario.neutral import MODULES
from koubei_sim.model.world.arrays import World
from koubei_sim.model.world.build import build_world
from koubei_sim.runs.differences import difference

NEVER = np.iinfo(np.int32).max

# ---------------------------------------------------------------- more is never later


def monotone(world: World) -> World:
    """The world without all that pushes back: bad news, fatigue, forgetting, leaving, rivalry.

    Every user tells alike, whatever its tier, story or time as a user, and reads without limit.
    """
    rules = world.rules
    one_kind = np.repeat(rules.tell32[:, :1], codes.KINDS, axis=1)
    hazard = np.broadcast_to(rules.message_hazard[:, :1, :1, :1], rules.message_hazard.shape)
    return with_rules(
        world,
        tell32=one_kind,
        message_hazard=np.ascontiguousarray(hazard),
        media_product=rules.media_product * 0,
        **{name: getattr(rules, name) * 0 for name in (
            "learn_quality", "learn_difficulty", "join_board32", "register16", "churn32",
            "dilution", "amplify", "ride32", "moderation", "surprises", "share32",
        )},
        **dict.fromkeys((
            "supply_on", "negativity16", "rejection_on", "relay_on", "rival_on", "attention_on",
            "lapse32", "memory_leak", "backlog_on", "expectations_on", "goods_on", "n_goods",
            "appeal_on", "press_on", "forget_on", "by_hand",
            "unfollow_on", "copied", "bonds_on", "contests_on",
        ), 0),
        tribe=-1,
        minutes_per_reply=0.0,
        loyalty_bonus=0.0,
        service_bonus=0.0,
        meeting_at=np.full(rules.ticks, -1),
        novelty16=np.full(rules.ticks + 2, FULL16),
        repeat16=np.full(256, FULL16),
        reading=np.full(8, np.inf),
    )  # fmt: skip


def scaled(**factors: float) -> Callable[[World], World]:
    """Multiply rules, hazards staying within their range."""

    def changed(world: World) -> World:
        new = {}
        for name, factor in factors.items():
            values = getattr(world.rules, name)
            larger = (values * factor).astype(values.dtype)
            new[name] = np.minimum(larger, HAZARD_ONE) if "hazard" in name else larger
        return with_rules(world, **new)

    return changed


def one_more_seed(world: World) -> World:
    """Make the first person who is none a seed."""
    rest = np.setdiff1d(np.arange(world.rules.n), world.people.seeds)
    return with_people(
        world, seeds=np.sort(np.append(world.people.seeds, rest[:1])).astype(np.int32)
    )


def one_easier(world: World) -> World:
    """Halve every resistance to adoption."""
    return with_people(world, resist_adopt=world.people.resist_adopt // 2)


MORE: dict[str, Callable[[World], World]] = {
    "persuasion": scaled(message_hazard=1.7),
    "visibility": scaled(see_hazard=1.3),
    "telling": scaled(tell32=1.5),
    "lifts": scaled(lift_tell16=1.5, lift_visibility16=1.5),
    "own media": lambda w: campaign(w, w.rules.ticks // 4),
    "readers": scaled(readers_per_post=2.0),
    "one more seed": one_more_seed,
    "less resistance": one_easier,
}


def adoption_ticks(world: World) -> np.ndarray:
    """Return the tick of the first adoption by person, NEVER where there is none."""
    history = run_compiled(world)
    ticks = np.full(world.rules.n, NEVER)
    adopted = history.log_kind == codes.LOG_ADOPT
    np.minimum.at(ticks, history.log_agent[adopted], history.log_tick[adopted])
    return ticks


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", MORE)
def test_more_never_delays_anybody(name: str) -> None:
    """Catches a wrong sign, and coins that are not shared between the worlds, draw for draw."""
    earlier = [0]

    @given(SEEDS)
    @settings(max_examples=60)
    def check(seed: int) -> None:
        world = monotone(random_world(seed))
        less, more = adoption_ticks(world), adoption_ticks(MORE[name](world))
        late = np.nonzero(more > less)[0]
        assert late.size == 0, f"later by more {name}: {late.tolist()}"
        earlier[0] += bool((more < less).any())

    check()
    assert earlier[0] >= 5, f"more {name} never brought anybody forward"


# ---------------------------------------------------------------- neutral is absent


def rules_like(world: World, **values: float) -> World:
    """Fill array rules with a value, set scalar ones to it."""
    new: dict[str, object] = {}
    for name, value in values.items():
        old = getattr(world.rules, name)
        new[name] = np.full_like(old, value) if isinstance(old, np.ndarray) else value
    return with_rules(world, **new)


def kind_silent(world: World, kind: int, **values: float) -> World:
    """Let tellers of one kind exist but never tell."""
    tell = world.rules.tell32.copy()
    tell[:, kind] = 0
    return rules_like(with_rules(world, tell32=tell), **values)


# Name -> the module absent, and the module there with a neutral value: two ways to have none.
TWO_WAYS: dict[str, tuple[Callable[[World], World], Callable[[World], World]]] = {
    "attention": (
        lambda w: rules_like(w, attention_on=0),
        lambda w: rules_like(w, attention_on=1, attention16=FULL16),
    ),
    "ties": (
        lambda w: rules_like(w, tie_on=0),
        lambda w: rules_like(w, tie16=FULL16),
    ),
    "memory": (
        lambda w: rules_like(w, memory_leak=0),
        lambda w: rules_like(w, memory_leak=1, memory20=FULL20),
    ),
    "reinforcement": (
        lambda w: rules_like(w, reinforcement_on=0),
        lambda w: with_people(
            rules_like(w, reinforcement_on=1), need=np.zeros(w.rules.n, np.uint16)
        ),
    ),
    "relays": (
        # As with the waiting: one who forgot the product, and once used it, has counts.
        lambda w: kind_silent(w, codes.KIND_RELAY, recovery_on=0, relay_on=0),
        lambda w: kind_silent(w, codes.KIND_RELAY, recovery_on=0, relay_on=1, relay_days=9),
    ),
    "waiting tellers": (
        # Who has turns but says nothing recovers on them, and is rounded once more: off in both.
        lambda w: rules_like(w, recovery_on=0, waiting_tells=0),
        lambda w: rules_like(w, recovery_on=0, waiting_tells=1, waiting16=0),
    ),
    "rejecters": (
        lambda w: kind_silent(w, codes.KIND_REJECTER, recovery_on=0, rejecter_days=0),
        lambda w: kind_silent(w, codes.KIND_REJECTER, recovery_on=0, rejecter_days=9),
    ),
    "rival": (
        lambda w: rules_like(w, rival_on=0),
        lambda w: rules_like(w, rival_on=1, rival_cumulative=0),
    ),
    "own media": (
        lambda w: with_rules(w, **{
            f"media_{name}": getattr(w.rules, f"media_{name}")[:0]
            for name in ("channel", "product", "start", "end", "hazard", "see32", "lead", "follow",
                         "forget", "notice", "lifted", "posts")
        }),
        lambda w: with_rules(w, media_end=w.rules.media_start),
    ),
    "meetings": (
        lambda w: rules_like(w, meeting_at=-1),
        lambda w: rules_like(w, meeting_attend32=0),
    ),
    "places at meetings": (
        lambda w: rules_like(w, meeting_at=-1),
        lambda w: rules_like(w, meeting_cap=0),
    ),
    "service": (
        lambda w: rules_like(w, service_capacity=0, moderation=0.0),
        lambda w: rules_like(w, complaint_rate=0.0),
    ),
    "squeaky wheel": (
        lambda w: rules_like(w, squeaky_wheel=0.0),
        lambda w: rules_like(w, service_public=0),
    ),
    "honour": (
        lambda w: rules_like(w, backlog_on=0, honour_gain=0.0, release_story32=0),
        lambda w: rules_like(w, backlog_on=0, visible_progress=10.0),
    ),
    "learning": (
        lambda w: rules_like(w, learn_quality=0.0, learn_difficulty=0.0, visible_progress=9.0),
        lambda w: rules_like(w, scale_quality=np.inf, scale_difficulty=np.inf,
                             visible_progress=9.0),
    ),
    "gate": (
        lambda w: rules_like(w, open_to_all=0),
        lambda w: rules_like(w, admission=1.0),
    ),
    "taste groups": (
        lambda w: rules_like(w, product_taste=-1),
        lambda w: rules_like(w, off_taste=1.0),
    ),
    "event gains": (
        lambda w: rules_like(w, lift_tell16=FULL16, lift_visibility16=FULL16, event_gain=0.0),
        lambda w: rules_like(w, lift_tell16=FULL16, lift_visibility16=FULL16, event_gain=0.0,
                             event_saturation=3.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_WAYS)
def test_a_neutral_module_is_an_absent_one(name: str) -> None:
    """Catches a switch that does more than its neutral value, or a neutral value that does less."""
    absent, neutral = TWO_WAYS[name]
    changed = 0
    for number, make in product(range(16), (random_world, coarse_world)):
        world = make(number)
        history = run_compiled(neutral(world))
        found = difference(run_compiled(absent(world)), history)
        assert found is None, f"{make.__name__}({number}): absent != neutral at {found}"
        changed += difference(run_compiled(world), history) is not None
    assert changed >= 2, "the module did nothing in these worlds to begin with"


def test_unlimited_units_are_no_scarcity() -> None:
    """Catches a sale that loses or delays somebody: with units for all, waiting takes no time."""
    books = [codes.T_WAITS, codes.T_LOTTERY, codes.T_STOCK]
    for number in range(24):
        world = rules_like(random_world(number), relay_on=0, invite_grant=0, waiting_tells=0)
        open_sale = run_compiled(rules_like(world, supply_on=0))
        sold = run_compiled(rules_like(world, supply_on=1, units=world.rules.n))
        assert (sold.table[:, codes.T_WAITS] == sold.table[:, codes.T_LOTTERY]).all()
        table = sold.table.copy()
        table[:, books] = 0
        assert difference(open_sale, sold._replace(table=table)) is None


@pytest.mark.sampled(3)
@pytest.mark.parametrize("module", MODULES)
def test_neutral_twice_is_neutral_once(module: str) -> None:
    """Catches `Scenario.neutral` leaving something of a module on, or touching another twice."""

    @seed(7)
    @given(scenarios(n_max=80, ticks_max=25))
    @settings(max_examples=4)
    def check(scenario) -> None:
        once = scenario.neutral(module)
        again = once.neutral(module)
        assert again.digest() == once.digest()
        if module != "supply":
            both = scenario.neutral("supply", module)
            assert both.digest() == once.neutral("supply").digest()
        histories = [run_compiled(build_world(s, 5)) for s in (once, again)]
        assert difference(*histories) is None

    check()
