"""Populations: laws, common random numbers, and tables of people.

Statistical checks use a fixed key and an error rate of 1e-6: |z| < 4.9 for a normal statistic.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Product, Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.population import draw_population, lognormal_classes, normal_classes

KEY = 20100816
Z = 4.9  # two-sided 1e-6


def test_one_more_person_moves_no_other_draw():
    """Catches draws that depend on the number of people."""
    small = draw_population(Scenario(n_agents=1000), KEY)
    large = draw_population(Scenario(n_agents=1001), KEY)
    for a, b in zip(small, large):
        assert np.array_equal(a, b[:1000])


def test_more_members_keep_the_members():
    """Catches membership drawn without common random numbers: sweeps would be noisy."""

    def members(p):
        s = Scenario(n_agents=2000).replace(**{"segments.newbie.membership.forum": p})
        return draw_population(s, KEY).channels & 1

    few, many = members(0.1), members(0.3)
    assert np.all(few <= many)
    assert few.sum() < many.sum()


def test_population_laws():
    """Null: shares, Beta means, mean activity 1 and memberships are as asked, n = 200,000, 1e-6."""
    n = 200_000
    s = Scenario(n_agents=n).replace(**{"segments.newbie.membership.weibo": 0.25})
    p = draw_population(s, KEY)
    enthusiast = p.segment == 0
    assert abs(enthusiast.mean() - 0.1) < Z * math.sqrt(0.1 * 0.9 / n)
    assert abs(p.activity.mean() - 1.0) < Z * math.sqrt((math.e - 1.0) / n)
    for kind, a, b in ((0, 6.0, 2.0), (1, 2.0, 6.0)):
        x = p.level[p.segment == kind] / 127.0
        law = stats.beta(a, b)
        # The levels are a staircase around the law: half a step of bias at most.
        assert abs(x.mean() - law.mean()) < Z * law.std() / math.sqrt(x.size) + 0.5 / 128
        assert abs(x.std() - law.std()) < 0.01
    newbies = n - enthusiast.sum()
    member = (p.channels[~enthusiast] >> 1 & 1).mean()
    assert abs(member - 0.25) < Z * math.sqrt(0.25 * 0.75 / newbies)
    assert abs(p.taste.mean()) < Z * 0.15 / math.sqrt(n)
    assert abs(p.taste.std() - 0.15) < Z * 0.15 / math.sqrt(2 * n)


def test_classes_keep_mean_and_spread():
    """Catches a cut tail: conditional means must keep the mean exactly, the variance nearly."""
    for sigma in (0.3, 1.0, 2.0):
        values = lognormal_classes(4096, sigma)
        assert values.mean() == pytest.approx(1.0, abs=1e-9)
        assert np.all(np.diff(values) > 0)
        z = (np.arange(4096) + 0.5) / 4096
        median = stats.lognorm(sigma, scale=math.exp(-(sigma**2) / 2)).ppf(z)
        assert values[2048] == pytest.approx(median[2048], rel=1e-3)
    normal = normal_classes(4096)
    assert normal.mean() == pytest.approx(0.0, abs=1e-12)
    assert normal.var() == pytest.approx(1.0, abs=2e-3)


def test_a_table_of_people(tmp_path):
    """Catches columns that go to other people or are drawn although they are given."""
    s = Scenario(
        n_agents=4,
        seeding={"number": 0},
        products={"p": Product(price=100.0)},
        participation={"online": 0.5},
    )
    path = tmp_path / "people.csv"
    path.write_text(
        "segment,channels,activity,income,expertise,taste\n"
        "newbie,forum;weibo,1.0,99,0.5,0.25\n"
        "enthusiast,wechat,0.5,100,1.0,-0.25\n"
        "newbie,,3.0,1e6,0.0,0\n"
        "newbie,qzone; forum,0.0,0,0.254,0\n"
    )
    for world in (
        build.build_world(s, KEY, agents=path),
        build.build_world(s, KEY, agents=pd.read_csv(path)),
        build.build_world(s.replace(agents_table=str(path)), KEY),
    ):
        people, rules = world.people, world.rules
        of = people.agent_class
        assert rules.class_enthusiast[of].tolist() == [0, 1, 0, 0]
        assert people.channels.tolist() == [0b0011, 0b0100, 0, 0b1001]
        assert rules.class_level[of].tolist() == [64, 127, 0, 32]
        assert rules.class_pays[of].tolist() == [0, 1, 1, 0]
        assert people.taste.tolist() == [0.25, -0.25, 0.0, 0.0]
        assert people.online_threshold.tolist() == [2**31 - 1, 2**30 - 1, 2**32 - 1, 0]


def test_a_table_of_segments_alone():
    """Catches a person whose expertise is drawn from the law of another segment."""
    s = Scenario(n_agents=2000, seeding={"number": 0})
    frame = pd.DataFrame({"segment": ["newbie", "enthusiast"] * 1000})
    world = build.build_world(s, KEY, agents=frame)
    level = world.rules.class_level[world.people.agent_class] / 127.0
    assert abs(level[0::2].mean() - 0.25) < Z * 0.144 / math.sqrt(1000) + 0.004
    assert abs(level[1::2].mean() - 0.75) < Z * 0.144 / math.sqrt(1000) + 0.004


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "segment\nnewbie\nnewby\n",
            "people.csv row 2: unknown segment, got newby, allowed enthusiast, newbie, try newbie",
        ),
        (
            "segment,channels\nnewbie,forum\nnewbie,forum;frum\n",
            "people.csv row 2: unknown channel,"
            " got frum, allowed forum, weibo, wechat, qzone, try forum",
        ),
        (
            "segment,activity\nnewbie,1\nnewbie,-1\n",
            "people.csv row 2: activity out of range, got -1, allowed 0..1e+06",
        ),
        (
            "segment,expertise\nnewbie,much\nnewbie,1\n",
            "people.csv row 1: expertise out of range, got much, allowed 0..1",
        ),
        (
            "segment\nnewbie\n",
            "people.csv: another number of people than n_agents, got 1, allowed "
            "2, try n_agents = 1",
        ),
        (
            "kind\nnewbie\n",
            "people.csv: unknown column, got kind, allowed segment, channels, "
            "activity, income, expertise, taste",
        ),
        (
            "activity\n1\n1\n",
            "people.csv: no column segment, allowed segment, channels, activity, "
            "income, expertise, taste",
        ),
        ("", "people.csv: not a table: No columns to parse from file, allowed CSV with a header"),
    ],
)
def test_wrong_tables_are_refused_in_one_line(tmp_path, text, line):
    """Catches a wrong row that is guessed at, or a traceback of pandas."""
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(KoubeiError) as caught:
        build.build_world(Scenario(n_agents=2, seeding={"number": 0}), KEY, agents=path)
    assert str(caught.value) == line


def test_infinite_activity_is_refused():
    """Catches a person of the table who would be online without end."""
    frame = pd.DataFrame({"segment": ["newbie"] * 2000, "activity": [1.0] * 1999 + [np.inf]})
    with pytest.raises(KoubeiError, match=r"row 2000: activity out of range, got inf"):
        build.build_population(Scenario.load("tiny"), 1, 0, frame)
