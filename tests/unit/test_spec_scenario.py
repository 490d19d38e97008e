"""Scenarios: wrong input in one line, files, replacing, neutral values, words."""

from __future__ import annotations

import copy
import os
import pickle
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from tests.strategies import scenarios

from koubei_sim.cli.options import changes_of
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import MODULES, Channel, Scenario, Segment, active
from koubei_sim.model.scenario.describe import _width
from koubei_sim.model.world.build import build_world

# path -> value, and the whole line
WRONG = [
    (
        {"seeding.purty": 0.3},
        "seeding.purty: unknown parameter, got 0.3, allowed among, "
        "channel, engagement, home, ids, ids_by, number, per_day, purity, recruit_cost, staff, "
        "stay, strategy, "
        "try purity",
    ),
    ({"seeding.purity": 1.5}, "seeding.purity: out of range, got 1.5, allowed 0..1"),
    ({"seeding.purity": True}, "seeding.purity: must be a number, got True, allowed 0..1"),
    ({"ticks": 0.5}, "ticks: must be a whole number, got 0.5, allowed 1..30000"),
    (
        {"channels.webo.tell": 0.1},
        "channels.webo.tell: unknown parameter, got 0.1, allowed forum, "
        "qzone, wechat, weibo, try weibo",
    ),
    (
        {"channels.weibo.tell": 0.5},
        "channels.weibo.tell: more tellings a day than days online, "
        "got 0.5, allowed 0..0.12 (participation.online), try a larger participation.online",
    ),
    (
        {"channels.weibo.network.kind": "rng"},
        "channels.weibo.network.kind: not one of the choices, "
        "got 'rng', allowed follow, small_world, configuration, barabasi_albert, erdos_renyi, "
        "ring, lattice, complete, file",
    ),
    (
        {"channels.forum.readers_per_post": 0.0},
        "channels.forum.readers_per_post: a board needs readers, got 0.0, allowed above 0, try 60",
    ),
    (
        {"channels.forum.network": {"kind": "ring"}},
        "channels.forum.network: a board has no network,"
        " got ring, allowed feeds only, try medium = 'feed'",
    ),
    (
        {"segments.newbie.share": 0.5},
        "segments: the shares must add up to 1, got 0.6, allowed 1, try set all shares at once",
    ),
    (
        {"segments.newbie.membership.foru": 0.2},
        "segments.newbie.membership: unknown channel, got "
        "foru, allowed forum, weibo, wechat, qzone, try forum",
    ),
    (
        {"seeding.number": 20000},
        "seeding.number: more seeds than people, got 20000, allowed 0..10000",
    ),
    (
        {"seeding.number": 5000},
        "seeding.purity: it takes 5000 enthusiasts, about 1000 exist, got "
        "1.0, allowed 0..1 with enough people of both kinds, try another purity, or fewer seeds",
    ),
    (
        {"nodes.vote.channel": "frum"},
        "nodes.vote.channel: unknown channel, got frum, allowed forum,"
        " weibo, wechat, qzone, try forum",
    ),
    (
        {"loyalty.loyal": 9.0},
        "loyalty.die_hard: the tiers must rise: loyal <= die_hard <= core, "
        "got (9.0, 6.0, 12.0), try 2, 6, 12",
    ),
    (
        {"seeding.strategy": "ids"},
        "seeding.ids: strategy ids, and no other, has a list of ids, got "
        "[], try strategy = 'ids' and a list",
    ),
    ({"seeding.purity.x": 1}, "seeding.purity.x: purity has no parts, got 1, try seeding.purity"),
    ({"telling.tier_factor": (1, 2, 3)}, "telling.tier_factor.3: missing, allowed 0..100"),
    ({"start_date": 3}, "start_date: must be a date such as 2010-08-16, got 3, allowed a date"),
    (
        {"channels.weibo.tie": "weight"},
        "channels.weibo.tie: only a file has weights, got weight, "
        "allowed none, overlap, try overlap",
    ),
    (
        {"products.product.taste_group": 1},
        "products.product.taste_group: no such taste group, got "
        "1, allowed 0..0, try a larger market.taste_groups",
    ),
    (
        {"media.tv": {"channel": "weibo", "product": "x"}},
        "media.tv.product: unknown product, got x, allowed product",
    ),
    (
        {"market.rival": [{"day": 2, "hazard": 0.1}, {"day": 1, "hazard": 0.1}]},
        "market.rival: the days of the phases must rise, got [2, 1], allowed rising days",
    ),
]


@pytest.mark.parametrize(("changes", "line"), WRONG, ids=[next(iter(c)) for c, _ in WRONG])
def test_wrong_values_are_refused_in_one_line(changes, line):
    """Catches a refusal that names the wrong path, value, range or fix."""
    with pytest.raises(KoubeiError) as caught:
        Scenario().replace(**changes)
    assert str(caught.value) == line


def event(channel="weibo", **parts):
    return {"channel": channel, **parts}


@pytest.mark.parametrize(
    ("events", "line"),
    [
        (
            {"a": event(start=3, length=4, gain=1.0), "b": event(start=6, gain=1.0)},
            "events.b.start: overlaps a on weibo at tick 6, and gain is above 0 in both",
        ),
        (
            {"a": event(start=3, every=5, length=2, gain=1.0), "b": event(start=29, gain=1.0)},
            "events.b.start: overlaps a on weibo at tick 29, and gain is above 0 in both",
        ),
        (
            {"a": event(start=3, offline=True), "b": event("wechat", start=3, offline=True)},
            "events.b.start: a meeting on tick 3 already (a)",
        ),
        (
            {"a": event(start=0, lift_tell=20.0), "b": event(start=0, lift_tell=20.0)},
            "events.b.lift_tell: overlapping lifts multiply to too much at tick 0, got 400.0",
        ),
        (
            {"a": event("forum", offline=True, new_ties=2)},
            "events.a.new_ties: a board has no ties, got 2",
        ),
        ({"a": event(length=5, every=3)}, "events.a.every: the next occurrence begins before"),
    ],
)
def test_events_that_collide_are_refused(events, line):
    """Catches two gains, two meetings or two lifts on one tick that the tables cannot hold."""
    with pytest.raises(KoubeiError) as caught:
        Scenario(events=events)
    assert str(caught.value).startswith(line)


def test_events_may_overlap_where_only_one_has_a_gain():
    """Catches a check that is too strict: a placebo beside a real event is allowed."""
    Scenario(events={"a": event(start=3, gain=1.0), "b": event(start=3, lift_tell=2.0)})


def test_limits_of_the_engines():
    """Catches a ninth channel, which would not fit into the bits of a person."""
    board = Channel(medium="board", readers_per_post=5.0)
    Scenario(channels={f"c{k}": board for k in range(8)})
    with pytest.raises(
        KoubeiError, match=r"channels: wrong number of entries, got 9, allowed 1\.\.8"
    ):
        Scenario(channels={f"c{k}": board for k in range(9)})


def test_parts_made_alone_are_refused_in_one_line_too():
    """Catches a constructor that prints pydantic's listing."""
    with pytest.raises(KoubeiError) as caught:
        Channel(tell=-1.0)
    assert str(caught.value) == "tell: out of range, got -1.0, allowed 0..100"
    with pytest.raises(KoubeiError, match=r"unknown parameter.*try share"):
        Segment(shar=0.5)


def test_a_scenario_is_frozen_all_the_way_down():
    """Catches a scenario that can be changed behind the back of its digest."""
    scenario = Scenario()
    with pytest.raises(Exception, match="frozen"):
        scenario.ticks = 3
    with pytest.raises(TypeError, match="replace"):
        scenario.channels["weibo"] = Channel()
    assert hash(scenario) == hash(Scenario())


@given(scenarios(n_max=200))
@settings(max_examples=25)
def test_round_trips_are_exact(scenario):
    """Catches a number that TOML, JSON, pickle or a copy changes in its last digit."""
    again = Scenario.from_dict(tomllib.loads(scenario.to_toml()))
    assert again == scenario
    assert list(again.channels) == list(scenario.channels)
    assert again.digest() == scenario.digest()
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert copy.deepcopy(scenario) == scenario


def test_save_and_load(tmp_path):
    """Catches a file that is not what was saved, and one left half written."""
    scenario = Scenario.load("tiny")
    path = scenario.save(tmp_path / "mine.toml")
    assert Scenario.load(path) == scenario
    assert Scenario.load(str(path)) == scenario
    assert os.listdir(tmp_path) == ["mine.toml"]
    with pytest.raises(KoubeiError, match="its folder does not exist"):
        scenario.save(tmp_path / "nowhere" / "mine.toml")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("bad.toml", b"ticks = = 3", "not valid TOML: Invalid value (at line 1, column 9)"),
        ("bytes.toml", b"\xff\xff\x00", "text is not utf-8 or gb18030"),
        ("type.toml", b"ticks = 'many'", "ticks: must be a number, got 'many'"),
        ("list.toml", b"channels = [1]", "channels: must be a table of names, got [1]"),
    ],
)
def test_wrong_files_are_refused_in_one_line(tmp_path, name, content, line):
    """Catches a traceback or a listing for a file that is no scenario."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(KoubeiError) as caught:
        Scenario.load(path)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_presets(tmp_path):
    """Catches a misspelt preset that is answered without a suggestion."""
    with pytest.raises(KoubeiError, match=r"unknown preset, got xaomi, .*try xiaomi"):
        Scenario.load("xaomi")
    with pytest.raises(KoubeiError, match="no such file"):
        Scenario.load(tmp_path / "none.toml")
    with pytest.raises(KoubeiError, match="is a folder"):
        Scenario.load(tmp_path)
    with pytest.raises(KoubeiError, match="must be the name of a preset"):
        Scenario.load(3)


def test_replace_adds_and_removes_entries():
    """Catches replace dropping neighbours, or forgetting what was not named."""
    scenario = Scenario()
    more = scenario.replace(
        **{
            "events.gala": {"channel": "weibo", "start": 3},
            "channels.weibo.tell": 0.04,
            "segments.newbie.membership.weibo": 0.5,
        }
    )
    assert more.events["gala"].start == 3
    assert list(more.channels) == list(scenario.channels)
    assert more.segments["newbie"].membership == {"forum": 0.07, "weibo": 0.5}
    assert (
        more.replace(
            **{
                "events.gala": None,
                "channels.weibo.tell": 0.02,
                "segments.newbie.membership.weibo": None,
            }
        )
        == scenario
    )
    rounds = scenario.replace(**{"supply.rounds": [{"day": 1, "units": 2.0}]})
    assert rounds.replace(**{"supply.rounds.0.units": 5.0}).supply.rounds[0].units == 5.0
    with pytest.raises(KoubeiError, match="no such entry"):
        scenario.replace(**{"supply.rounds.0.units": 5.0})


def test_digests_tell_scenarios_apart():
    """Catches a digest that misses a value, or the order of the channels (it addresses draws)."""
    scenario = Scenario()
    turned = Scenario(channels=dict(reversed(scenario.channels.items())))
    changed = scenario.replace(**{"telling.relay_days": 8})
    assert len({scenario.digest(), turned.digest(), changed.digest()}) == 3
    assert scenario.digest() == Scenario().digest()
    assert '"memory_half_life":"inf"' in scenario.canonical()


@given(scenarios(n_max=200))
@settings(max_examples=15)
def test_neutral_switches_every_module_off(scenario):
    """Catches a module whose neutral value is refused, or that is still on afterwards."""
    neutral = scenario.neutral(*MODULES)
    assert not any(active(neutral).values())
    assert neutral.neutral(*MODULES) == neutral


def test_neutral_touches_only_its_module():
    """Catches a pattern that catches too much."""
    scenario = Scenario.load("tiny")
    quiet = scenario.neutral("relays")
    assert quiet == scenario.replace(**{"telling.relay": 0.0})
    with pytest.raises(KoubeiError, match=r"unknown module, got relay, .*try relays"):
        scenario.neutral("relay")


def test_a_kept_level_takes_differences_away_and_leaves_the_mean():
    """Catches a mean of credibility over people, not over what is told, and a level that moves."""
    scenario = Scenario.load("tiny")
    users = np.array([80, 15, 4, 1])
    kept = scenario.neutral("tiers", "stay", level="kept", weights=users)
    often, believed = np.array(scenario.telling.tier_factor), scenario.telling.credibility
    factor, credibility = kept.telling.tier_factor, kept.telling.credibility
    assert len({*factor}) == len({*credibility}) == len({*kept.service.stay}) == 1
    assert users.sum() * factor[0] == pytest.approx((users * often).sum())
    force = (users * often * believed).sum()
    assert users.sum() * factor[0] * credibility[0] == pytest.approx(force)
    assert kept.service.stay[0] == pytest.approx((users * scenario.service.stay).sum() / 100)
    back = {f"telling.{n}": getattr(scenario.telling, n) for n in ("tier_factor", "credibility")}
    assert kept.replace(**back, **{"service.stay": scenario.service.stay}) == scenario


def test_without_weights_all_tiers_are_casual():
    """Catches a default that weighs tiers alike, by which casual users would be believed more."""
    scenario = Scenario.load("xiaomi").neutral("tiers", level="kept")
    assert scenario.telling.tier_factor == (1.0, 1.0, 1.0, 1.0)
    assert scenario.telling.credibility == (0.6, 0.6, 0.6, 0.6)
    nobody_tells = Scenario().replace(**{"telling.tier_factor": (0.0, 1.0, 2.0, 3.0)})
    assert nobody_tells.neutral("tiers", level="kept").telling.credibility == (0.6,) * 4


def test_a_kept_activity_is_that_of_the_mean_person():
    """Catches everybody online every day, which is what the neutral value means."""
    scenario = Scenario.load("xiaomi").replace(n_agents=20_000)
    kept = scenario.neutral("activity", level="kept")
    assert kept.participation == scenario.participation
    now, then = (build_world(s, 7).people.online_threshold.mean() for s in (scenario, kept))
    assert then == pytest.approx(now, rel=0.05)
    assert np.unique(build_world(kept, 7).people.online_threshold).size == 1


@pytest.mark.parametrize(
    ("modules", "how", "said"),
    [
        (["novelty"], {"level": "kept"}, "got novelty, allowed activity, stay, tiers"),
        (["tier"], {"level": "kept"}, "got tier, allowed activity, stay, tiers, try tiers"),
        (["tiers"], {"level": "keep"}, "level: unknown, got 'keep', .*try kept"),
        (["tiers"], {"weights": [1, 1, 1, 1]}, "level: unknown, got None, allowed 'kept'"),
        (["tiers"], {"level": "kept", "weights": [1, 2]}, "weights: .*allowed four numbers"),
        (["tiers"], {"level": "kept", "weights": 7}, "weights: .*allowed four numbers"),
        (["tiers"], {"level": "kept", "weights": [0] * 4}, "weights: nobody"),
        (["tiers"], {"level": "kept", "weights": [1, 1, 1, -1]}, "weights: out of range"),
    ],
)
def test_a_level_that_cannot_be_kept_is_refused(modules, how, said):
    """Catches a module switched off instead, weights that are not used, a division by nobody."""
    with pytest.raises(KoubeiError, match=said):
        Scenario.load("tiny").neutral(*modules, **how)


@pytest.mark.parametrize("change", ["goods.phone.price=1999", "goods.phone.users_first=true",
                                    'goods.phone.product="rom"'])  # fmt: skip
def test_the_first_entry_of_an_empty_table_is_given_whole(change):
    """Catches a refusal that leaves no way to put a phone on sale, and advice that is refused."""
    tiny = Scenario.load("tiny")
    with pytest.raises(KoubeiError, match=r"there is no goods\.phone yet") as caught:
        tiny.replace(**changes_of([change]))
    made = tiny.replace(**changes_of([caught.value.fix])).goods["phone"]
    assert str(getattr(made, change.split(".")[2].split("=")[0])) in ("1999.0", "True", "rom")


#: What `tiny` does without: with it every example of the docs would have other numbers.
NOT_IN_TINY = {
    "amplification", "appeal", "bar_expert", "belonging", "bonds", "by_hand", "contests",
    "copying", "crowding_out", "deeds", "forgetting", "goods", "hunters", "likes",
    "moderation", "own_work", "posts", "press", "riddles", "riding", "seeds_stay",
    "segments", "sharing", "surprises", "talking_points", "team", "trials", "unfollowing",
    "votes", "welcome",
}  # fmt: skip


def test_tiny_has_every_module_on():
    """Catches a mechanism that the small demonstration silently leaves out."""
    off = [name for name, on in active(Scenario.load("tiny")).items() if not on]
    assert set(off) == NOT_IN_TINY


def test_the_limits_are_limits():
    """Catches a limit preset with a mechanism left on that would spoil its exact law."""
    # Once told, an arc is done (fatigue); kinds need different numbers of tellings (threshold).
    allowed = {
        "ic": {"fatigue"},
        "bass": {"media"},
        "threshold": {"fatigue", "reinforcement"},
        "branching": {"fatigue", "homophily"},
    }
    for name, wanted in allowed.items():
        found = {module for module, on in active(Scenario.load(name)).items() if on}
        assert found == wanted, name


@pytest.mark.parametrize("name", Scenario.presets())
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_descriptions_fit_a_terminal(name, lang):
    """Catches a description that is too short to inform or too wide to read."""
    scenario = Scenario.load(name)
    lines = scenario.describe(lang).splitlines()
    assert 30 <= len(lines) <= 80  # modules by name alone where their words do not fit
    assert max(_width(line) for line in lines) <= 80
    text = "".join(lines)
    assert scenario.name in text
    assert all(channel in text for channel in scenario.channels)


def test_descriptions_name_what_matters():
    """Catches a description that leaves out seeding, or says a module is on that is off."""
    text = Scenario.load("xiaomi").describe()
    assert "100 seeds (20 simulated), 100% of them enthusiasts, chosen: active" in " ".join(
        text.split()
    )
    on, off = text.split("MODULES OFF")
    assert "rival" in on.split("MODULES ON")[1]
    assert "reinforcement" in off
    with pytest.raises(KoubeiError, match=r"lang: unknown, got .fr., allowed"):
        Scenario().describe("fr")


@pytest.mark.parametrize("name", ["xiaomi", "xiaomi_phone"])
def test_presets_say_where_their_numbers_come_from(root, name):
    """Catches a number typed into a calibrated preset without a source or the word assumption."""
    text = (root / f"src/koubei_sim/model/scenario/presets/{name}.toml").read_text("utf-8")
    free = {"n_agents", "people_per_agent", "start", "every", "length", "count", "date"}
    for line in text.split("# Counts in the world")[0].splitlines():
        name, _, value = line.partition(" = ")
        if value[:1].isdigit() and name.strip() not in free:
            assert "#" in value, line


def test_a_segment_takes_the_channels_there_are():
    """Catches default people who are members of a forum that the scenario does not have."""
    scenario = Scenario(channels={"weibo": Channel()})
    assert all(not segment.membership for segment in scenario.segments.values())
