"""The parameter table: every leaf has unit, range, neutral value and provenance, and they hold."""

from __future__ import annotations

import json
import math

import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.fields import metadata, owner_of
from koubei_sim.model.scenario import Scenario, parameter_table, parameter_table_json

TINY = Scenario.load("tiny").replace(
    milestones=[{"day": 3, "count": 10.0, "label": "users", "source": "assumption"}]
)
ADS = {"channel": "weibo"}
PATHS = [row.path for row in parameter_table(TINY)]


def range_of(path):
    owner, name = owner_of(Scenario, path.split("."))
    return metadata(owner, name)


def test_every_leaf_is_documented():
    """Catches a parameter added without unit, range, neutral value, provenance or description."""
    rows = parameter_table()
    assert len(rows) > 150
    for row in rows:
        assert row.unit and row.range and row.provenance and row.description, row.path
        assert row.neutral is not None or row.default is None, row.path
        assert not row.description.endswith("."), row.path


def test_the_names_of_the_brief_are_there():
    """Catches a parameter lost in a reordering: one path of each part of the model."""
    paths = {row.path for row in parameter_table()}
    assert {
        "segments.*.reinforcement_share",
        "channels.*.tie_floor",
        "channels.*.network.homophily",
        "products.*.scale_difficulty",
        "nodes.*.gives_reports",
        "events.*.saturation",
        "media.*.visibility",
        "media.*.persuasion",
        "participation.reward_taint",
        "telling.referral_weak_taint",
        "hearing.memory_half_life",
        "service.stay",
        "loyalty.release_story",
        "service.squeaky_wheel",
        "supply.rounds.*.units",
        "supply.give_up_to_rival",
        "market.rival.*.hazard",
        "seeding.purity",
        "costs.per_release",
        "milestones.*.source",
        "people_per_agent",
    } <= paths


def test_with_a_scenario_the_rows_carry_its_names_and_values():
    """Catches a table that shows defaults where it should show values."""
    rows = {row.path: row for row in parameter_table(TINY)}
    assert rows["channels.weibo.tell"].value == 0.05
    assert rows["channels.weibo.tell"].default == 0.02
    assert "channels.forum.network.mean_degree" not in rows  # a board has no network


@pytest.mark.parametrize("path", PATHS)
def test_ranges_are_enforced(path):
    """Catches a declared range that nothing checks, at both ends, and NaN and text let through."""
    noted = range_of(path)
    if isinstance(noted["allowed"], str) and noted["unit"] in ("name", "choice", "date"):
        value = next(row.value for row in parameter_table(TINY) if row.path == path)
        if isinstance(value, bool):
            with pytest.raises(KoubeiError, match="true or false"):
                TINY.replace(**{path: "perhaps"})
        return
    low, high, above = noted["low"], noted["high"], noted["above"]
    if low is None and high is None and above is None:
        assert path in ("supply.rounds", "market.rival")  # lists of parts, checked inside
        return
    value = next(row.value for row in parameter_table(TINY) if row.path == path)

    def put(wrong):
        if isinstance(value, tuple):
            return tuple([wrong] * max(1, len(value)))
        return dict.fromkeys(value, wrong) if isinstance(value, dict) else wrong

    wrongs = [math.nan, "much"]
    if above is not None:
        wrongs += [above]
    if low is not None:
        wrongs += [low - 1]
    if high is not None and high != math.inf:
        wrongs += [high + 1]
    for wrong in wrongs:
        with pytest.raises(KoubeiError) as caught:
            TINY.replace(**{path: put(wrong)})
        assert str(caught.value).startswith(path), str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "path", "instead"),
    [
        ({"hearing": {"awareness_half_life": 3.0}}, "hearing.awareness_half_life", "leave it out"),
        ({"media": {"ads": {"channel": "weibo", "hazard": 0.1}}}, "media.ads.hazard", "persuasion"),
        (
            {"media": {"ads": {"channel": "weibo", "awareness": 0.1}}},
            "media.ads.awareness",
            "visib",
        ),
    ],
)
def test_a_parameter_that_is_gone_says_what_to_write(table, path, instead):
    """Catches an old file, or an old `replace`, that is only told of a name nobody knows."""
    with pytest.raises(KoubeiError, match=f"{path}: this parameter is gone.*try.*{instead}"):
        Scenario(**table)
    base = Scenario().replace(**{"media.ads": ADS})
    with pytest.raises(KoubeiError, match=f"{path}: this parameter is gone.*try.*{instead}"):
        base.replace(**{path: 0.1})
    assert base.replace(**{"media.ads.visibility": 0.5, "media.ads.persuasion": 0.2})


def test_defaults_and_neutral_values_lie_in_their_range():
    """Catches a neutral value that no scenario could take."""
    for row in parameter_table(TINY):
        noted = range_of(row.path)
        for value in (row.default, row.neutral):
            for number in value if isinstance(value, tuple) else [value]:
                if isinstance(number, bool) or not isinstance(number, (int, float)):
                    continue
                assert noted["low"] is None or number >= noted["low"], row
                assert noted["high"] is None or number <= noted["high"], row
                assert noted["above"] is None or number > noted["above"], row


def test_the_table_as_json():
    """Catches infinities and dates that JSON cannot hold."""
    rows = json.loads(parameter_table_json(TINY), parse_constant=pytest.fail)
    assert [row["path"] for row in rows] == PATHS
    assert next(r for r in rows if r["path"] == "products.rom.reading_capacity")["neutral"] == "inf"


def test_json_schema_has_bounds():
    """Catches a schema whose forms would accept what the scenario refuses."""
    schema = Scenario.json_schema()
    json.dumps(schema, allow_nan=False)
    seeding = schema["$defs"]["Seeding"]["properties"]
    assert (seeding["purity"]["minimum"], seeding["purity"]["maximum"]) == (0.0, 1.0)
    assert schema["$defs"]["Telling"]["properties"]["negativity"]["maximum"] == 8.0
