"""A launch in groups: equal to its twin, to theory where groups hardly overlap, and refused well.

docs/cascades.md 7 is the norm.  The faults at the end are planted in a copy of the kernel.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from scipy.stats import binom, chi2, norm
from tests.cascades.twins import groups as twin
from tests.worlds import Dice

import koubei_sim as kb
from koubei_sim.cascades import groups as room
from koubei_sim.cascades.kernels import groups as kernel
from koubei_sim.errors import KoubeiError

ERROR = 1e-6
NAMES = ("shares", "orders", "readers", "groups")


class Case(NamedTuple):
    """A random table and launch."""

    members: list[list[int]]
    people: int
    asked: twin.Launch
    key: int
    first: int


def case(number: int) -> Case:
    """Small, dense and busy: people meet the story in several groups in one hour."""
    dice = Dice(1_000 + number)
    people = dice.whole(6, 40)
    members = []
    for _ in range(dice.whole(2, 14)):
        size = dice.whole(1, min(people, 9))
        members.append(dice.rng.permutation(people)[:size].tolist())
    law = dice.rng.random(dice.whole(1, 5))
    law *= (1.0 if dice.yes(0.3) else dice.real(0.1, 0.9)) / law.sum()
    law[-1] = max(0.0, min(law[-1], 1.0 - law[:-1].sum()))
    posts: int | list[int] = dice.whole(1, min(3, len(members)))
    if dice.yes(0.4):
        posts = dice.rng.permutation(len(members))[:posts].tolist()
    asked = twin.Launch(
        posts, dice.real(0.0, 1.0, 0.9), dice.real(0.3, 1.0), law.tolist(),
        dice.whole(1, 12), dice.whole(1, min(3, len(members))),
    )  # fmt: skip
    return Case(members, people, asked, dice.whole(0, 1 << 40), dice.whole(0, 9))


def found_of(one: Case) -> kb.GroupLaunch:
    """The library's answer."""
    table = kb.Groups.from_lists(one.members, one.people)
    return kb.group_launch(
        table, one.asked.posts, **{k: v for k, v in one.asked._asdict().items() if k != "posts"},
        replicates=4, rng=one.key, first=one.first, threads=1,
    )  # fmt: skip


def differs(one: Case) -> str | None:
    """Say where library and twin differ, first of all."""
    found = found_of(one)
    for k in range(4):
        told = twin.launch(one.members, one.asked, one.key, one.first + k)
        for name in NAMES:
            if getattr(found, name)[k].tolist() != told[name]:
                return f"replicate {k}, {name}"
    return None


@pytest.mark.parametrize("number", range(50))
def test_twin(number: int) -> None:
    """Catches a kernel that does not do what the norm says: a draw, an hour, a choice."""
    assert differs(case(number)) is None


def test_the_cases_are_busy() -> None:
    """Catches cases so tame that any kernel would pass: no repeats, no ties, nobody who waits."""
    runs = [found_of(case(number)) for number in range(50)]
    assert sum(int(run.shares.sum() > run.groups.sum()) for run in runs) > 10  # carried again
    assert sum(int((run.readers.sum(axis=1) < case(n).people).any()) for n, run in enumerate(runs))
    assert sum(int(run.orders.sum()) for run in runs) > 100
    assert sum(int(case(n).asked.into > 1) for n in range(50)) > 10


@pytest.mark.parametrize("exponent", [0.0, 2.0])
def test_tables_are_those_of_the_twin(exponent: float) -> None:
    """Catches a size or a member drawn at another address, and a law cut one place off."""
    for key in range(5):
        table = kb.random_groups(60, 2.2, key, least=3, most=12, exponent=exponent)
        told = twin.table(60, math.ceil(60 * 2.2), key, 3, 12, exponent)
        assert [m.tolist() for m in np.split(table.members, table.starts[1:-1])] == told
        assert table.people == 60
        assert table.memberships.tolist() == [sum(i in m for m in told) for i in range(60)]


def test_sizes_have_their_law() -> None:
    """Catches a law of sizes of another shape.

    Null: P(g) ~ g**-2 on 30..500; n = 3,700 groups or so, chi-square over 12 bins, error 1e-6.
    """
    table = kb.random_groups(100_000, 3.0, 7)
    weight = np.arange(30, 501) ** -2.0
    weight /= weight.sum()
    edges = np.unique(np.searchsorted(np.cumsum(weight), np.linspace(0, 1, 13)[1:-1]))
    cuts = np.concatenate([[0], edges + 1, [weight.size]])
    expected = np.array([weight[a:b].sum() for a, b in pairwise(cuts)]) * len(table)
    seen = np.histogram(table.sizes - 30, cuts - 0.5)[0]
    assert ((seen - expected) ** 2 / expected).sum() < chi2.isf(ERROR, expected.size - 1)


def apart(groups: int, size: int, key: int) -> kb.Groups:
    """Everybody in two groups, no pair of which is likely to share a second person."""
    places = np.random.default_rng(key).permutation(groups * size).reshape(groups, size) // 2
    members = [np.unique(row) for row in places]
    return kb.Groups.from_lists([row.tolist() for row in members], groups * size // 2)


def progeny(posts: int, size: int, q: float, most: int) -> np.ndarray:
    """P(total shares = n), n < most: binomial offspring of size * q, then (size - 1) * q each.

    Dwass (1969): the total progeny of k ancestors is n with k / n P(offspring of n = n - k).
    """
    n = np.arange(most)
    law = np.zeros(most)
    law[0] = binom.pmf(0, posts * size, q)
    for k in range(1, most):
        m = n[k:]
        law[k:] += binom.pmf(k, posts * size, q) * k / m * binom.pmf(m - k, m * (size - 1), q)
    return law


def test_apart_it_is_a_branching_process() -> None:
    """Catches readers who share back, an exposure too many, coins that hang together.

    Null: with groups that hardly overlap, shares are the total progeny of a branching process
    with binomial offspring; n = 4,000; chi-square, and z of the mean, each with error 1e-6.
    """
    size, share, p, posts, n = 40, 0.03, 0.5, 2, 4_000
    q = share * p
    table = apart(20_000, size, 3)
    found = kb.group_launch(
        table, posts, order=0.2, share=share, waiting=[p / 2, p / 2], hours=400,
        replicates=n, rng=5, threads=1,
    )  # fmt: skip
    shares, readers = found.shares.sum(axis=1), found.readers.sum(axis=1)
    law = progeny(posts, size, q, 60)
    cuts = np.array([0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 60])
    expected = np.array([law[a:b].sum() for a, b in pairwise(cuts)])
    expected = np.append(expected, 1.0 - expected.sum()) * n
    seen = np.histogram(shares, np.append(cuts, 1 << 40))[0]
    big = expected > 5
    assert big.sum() > 9
    assert ((seen - expected)[big] ** 2 / expected[big]).sum() < chi2.isf(ERROR, big.sum())
    reproduction = (size - 1) * q
    mean = posts * size * q / (1.0 - reproduction)
    bar = norm.isf(ERROR / 2)
    assert abs(shares.mean() - mean) < bar * shares.std() / math.sqrt(n)
    people = posts * size * p + mean * (size - 1) * p
    assert abs(readers.mean() - people) < bar * readers.std() / math.sqrt(n)
    orders, all_readers = int(found.orders.sum()), int(readers.sum())
    spread = math.sqrt(all_readers * 0.2 * 0.8)
    assert abs(orders - 0.2 * all_readers) < bar * spread


def test_waiting_has_its_law() -> None:
    """Catches an hour off by one, and a law read from the wrong end.

    Null: readers of one group come by the hours of `waiting`; n = 500 x 200, chi-square, 1e-6.
    """
    law = [0.1, 0.3, 0.05, 0.2]
    table = kb.Groups.from_lists([list(range(500)), [0]])
    found = kb.group_launch(
        table, [0], order=0.0, share=0.0, waiting=law, hours=6, replicates=200, rng=2, threads=1
    )
    seen = found.readers.sum(axis=0)
    assert seen[0] == 0 and seen[5:].sum() == 0
    seen = np.append(seen[1:5], 500 * 200 - seen.sum())
    expected = np.append(law, 1.0 - sum(law)) * 500 * 200
    assert ((seen - expected) ** 2 / expected).sum() < chi2.isf(ERROR, 4)


def test_a_share_goes_to_one_of_the_others() -> None:
    """Catches a favourite among the groups of a person, and the group itself among the others.

    Null: each of three other groups equally likely; n = 6,000, chi-square, error 1e-6.
    """
    table = kb.Groups.from_lists([[0], [0, 1], [0, 2], [0, 3]])
    found = kb.group_launch(
        table, [0], order=0.0, share=1.0, waiting=[1.0], replicates=6_000, rng=4, hours=2, threads=1
    )
    assert (found.shares[:, 1] == 1).all() and (found.groups[:, 1] == 1).all()
    counts = []
    for g in (1, 2, 3):  # person g reads at hour 2 where the share went to group g
        lone = kb.Groups.from_lists([[0], *([0, h] if h == g else [0] for h in (1, 2, 3))])
        run = kb.group_launch(
            lone, [0], order=0.0, share=1.0, waiting=[1.0], replicates=6_000, rng=4, hours=2,
            threads=1,
        )  # fmt: skip
        counts.append(int(run.readers[:, 2].sum()))
    assert sum(counts) == 6_000
    assert ((np.array(counts) - 2_000) ** 2 / 2_000).sum() < chi2.isf(ERROR, 2)


@pytest.mark.parametrize("number", range(30))
def test_more_reaches_no_fewer(number: int) -> None:
    """Catches draws that hang on who came first: more posts, or sharers, and fewer reached.

    Holds draw by draw where all members open a group and sharers put it into all their groups.
    """
    one = case(number)
    law = (np.array(one.asked.waiting) + 1e-3).tolist()
    law = (np.array(law) / sum(law)).tolist()
    all_groups = len(one.members)
    posts = list(range(all_groups))[:: max(1, all_groups // 3)]
    asked = one.asked._replace(waiting=law, into=all_groups, share=0.4, hours=9)
    few = found_of(one._replace(asked=asked._replace(posts=posts[:1])))
    for more in (
        asked._replace(posts=posts),
        asked._replace(posts=posts[:1], share=0.7),
        asked._replace(posts=posts[:1], hours=10),
    ):
        many = found_of(one._replace(asked=more))
        for name in ("readers", "groups", "orders"):
            gap = getattr(many, name)[:, :10].cumsum(axis=1) - getattr(few, name).cumsum(axis=1)
            assert (gap >= 0).all(), name


def test_more_posts_reach_more_where_people_choose() -> None:
    """Catches the same where a sharer chooses one group, in the mean.

    Null: 3 posts reach no more than 1; paired z over 400 replicates, error 1e-6, must be refused.
    """
    table = kb.random_groups(3_000, 2.5, 1)
    runs = [
        kb.group_launch(table, posts, order=0.1, share=0.02, waiting=[0.3], replicates=400, rng=1,
                        threads=1).readers.sum(axis=1)
        for posts in (1, 3)
    ]  # fmt: skip
    gap = (runs[1] - runs[0]).astype(float)
    assert gap.mean() > norm.isf(ERROR) * gap.std() / math.sqrt(gap.size)


def test_threads_and_order_change_nothing() -> None:
    """Catches scratch that is not clean, and replicates that hang on those before them."""
    table = kb.random_groups(2_000, 3.0, 1)
    options: dict[str, Any] = {"order": 0.1, "share": 0.05, "waiting": [0.3, 0.1], "rng": 9}
    whole = kb.group_launch(table, 3, replicates=40, threads=1, **options)
    other = kb.group_launch(table, 3, replicates=40, threads=2, **options)
    alone = [
        kb.group_launch(table, 3, replicates=1, first=r, threads=1, **options) for r in (39, 17)
    ]
    for name in NAMES:
        assert getattr(whole, name).tobytes() == getattr(other, name).tobytes()
        for r, one in zip((39, 17), alone):
            assert getattr(whole, name)[r].tobytes() == getattr(one, name)[0].tobytes()
            assert one.replicates.tolist() == [r]
    assert whole.shares.sum() > 0
    assert whole.key == 9


def test_summary_tells_the_runs_that_took_off() -> None:
    """Catches a median over all runs, a share of the wrong ones, and a wrong hour."""
    shares = np.array([[0, 9, 0], [0, 12, 8], [0, 10, 30], [0, 0, 0]])
    found = kb.GroupLaunch(
        shares=shares, orders=2 * shares, readers=5 * shares, groups=shares // 2,
        replicates=np.arange(4), posts=2, key=1,
    )  # fmt: skip
    told = found.summary()
    assert told.loc["take_off", "estimate"] == 0.5
    assert told.loc["shares", "estimate"] == 30.0
    assert told.loc["orders_per_share", "estimate"] == 2.0
    assert told.loc["shares_per_group", "estimate"] == 2.0
    assert told.loc["shares", "n"] == 2 and math.isnan(told.loc["shares", "low"])
    assert found.hour_of(0.95)[:3].tolist() == [1.0, 2.0, 2.0]
    assert math.isnan(found.hour_of(0.5)[3])
    assert found.hour_of(0.6, "shares")[1] == 1.0
    frame = found.to_pandas()
    assert frame.query("replicate == 2 and hour == 2").shares.item() == 30
    many = kb.GroupLaunch(*([np.arange(20, 120)[:, None]] * 4), np.arange(100), 1, 1).summary()
    assert (many.loc["shares", "low"], many.loc["shares", "high"]) == (59.0, 80.0)


TABLE = kb.Groups.from_lists([[0, 1], [1, 2]])
GOOD: dict[str, Any] = {
    "groups": TABLE, "posts": 1, "order": 0.1, "share": 0.1, "waiting": [0.5], "replicates": 1,
}  # fmt: skip
REFUSED = [
    ({"groups": [[0, 1]]}, "groups: not a table of groups"),
    ({"posts": 0}, "posts: out of range"),
    ({"posts": 3}, "posts: out of range"),
    ({"posts": [0, 0]}, "posts: names a group twice"),
    ({"posts": [2]}, "posts: no such group"),
    ({"posts": []}, "posts: "),
    ({"posts": [0.5]}, "posts: not whole numbers"),
    ({"posts": "0"}, "posts: not a whole number"),
    ({"order": 1.1}, "order: out of range"),
    ({"share": float("nan")}, "share: out of range"),
    ({"share": True}, "share: not a number"),
    ({"waiting": [0.6, 0.5]}, "waiting: adds up to more than 1"),
    ({"waiting": [-0.1]}, r"waiting\[0\]: out of range"),
    ({"waiting": 0.5}, "waiting: no values"),
    ({"waiting": [[0.5]]}, "waiting: has too many dimensions"),
    ({"hours": 0}, "hours: out of range"),
    ({"into": 0}, "into: out of range"),
    ({"into": 3}, "into: out of range"),
    ({"replicates": 0}, "replicates: out of range"),
    ({"first": -1}, "first: out of range"),
    ({"rng": -1}, "rng: "),
]


@pytest.mark.parametrize(("change", "said"), REFUSED, ids=lambda x: str(x)[:40])
def test_a_wrong_launch_is_refused(change: dict[str, Any], said: str) -> None:
    """Catches a wrong argument that runs, or fails with more than a line."""
    given = {**GOOD, **change}
    with pytest.raises(KoubeiError, match=f"^{said}") as caught:
        kb.group_launch(given.pop("groups"), given.pop("posts"), **given)
    assert "\n" not in str(caught.value)


def test_a_wrong_table_is_refused() -> None:
    """Catches a table that would make the kernel read beyond its arrays."""
    for groups, people, said in (
        ([], None, "groups: not lists"),
        ("ab", None, "groups: not lists"),
        ([[0, 1], []], None, "group"),
        ([[0, 0]], None, "group 0: names a person twice"),
        ([[0, 5]], 5, "group 0: no such person"),
        ([[-1]], None, "group 0: no such person"),
        ([[0.5]], None, r"groups\[0\]: not whole numbers"),
        ([[1 << 40]], None, r"groups\[0\]: out of range"),
    ):
        with pytest.raises(KoubeiError, match=f"^{said}"):
            kb.Groups.from_lists(groups, people)
    with pytest.raises(KoubeiError, match=r"^starts"):
        kb.Groups(np.array([0, 3]), np.array([0, 1]), 2)
    for named, said in (
        ({"people": 0}, "people"),
        ({"per_person": 0.0}, "per_person"),
        ({"per_person": 1e9}, "per_person: too many places"),
        ({"least": 0}, "least"),
        ({"most": 101}, "most"),
        ({"least": 50, "most": 40}, "most"),
        ({"exponent": 11.0}, "exponent"),
    ):
        with pytest.raises(KoubeiError, match=f"^{said}"):
            kb.random_groups(**{"people": 100, "per_person": 2.0, "least": 5, "most": 20, **named})


FAULTS = [
    ("a share goes back to where it was read", "if g == s.source[u]:", "if g < 0:"),
    ("the first appointment stands", "if at < s.due[u] or (", "if s.due[u] == NEVER or ("),
    ("a tie goes to the larger group", "and g < s.source[u]", "and g > s.source[u]"),
    ("order and share toss one coin", "DRAW_GROUP_ACT, 0, 1)", "DRAW_GROUP_ACT, 0, 0)"),
    ("a group carried again shows the old draws",
     "DRAW_GROUP_READ, s.carried[g], g)", "DRAW_GROUP_READ, 0, g)"),
    ("the same hour of reading in all groups",
     "DRAW_GROUP_READ, s.carried[g], g)", "DRAW_GROUP_READ, s.carried[g], 0)"),
    ("an hour too early", "at = hour + 1 + wait", "at = hour + max(1, wait)"),
    ("an hour beyond the end", "or at > conduct.hours", "or at >= conduct.hours"),
    ("a bound that belongs to the hour before", "bits >= waiting[wait]", "bits > waiting[0]"),
    ("groups that carried it stay so", "    s.carried[:] = 0\n", "    s.carried[0] = 0\n"),
    ("people stay touched", "s.due[s.touched[k]] = NEVER", "s.due[s.touched[0]] = NEVER"),
    ("one choice for all groups", "DRAW_GROUP_CHOICE, 0, g), u)", "DRAW_GROUP_CHOICE, 0, 0), u)"),
    ("the luck of the first replicate",
     "stream(key, replicate, DRAW_GROUP_READ", "stream(key, 0, DRAW_GROUP_READ"),
    ("each share counts as a new group", "if s.carried[g] == 0:", "if True:"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[0])
def test_a_planted_fault_is_caught(fault: tuple[str, str, str]) -> None:
    """Catches cases too tame to show a wrong rule: the kernel could have it."""
    _, old, new = fault
    text = Path(kernel.__file__).read_text("utf-8")
    assert text.count(old) == 1
    copy = ModuleType("planted_groups")
    exec(compile(text.replace(old, new).replace("cache=True", "cache=False"), "planted", "exec"),
         copy.__dict__)  # fmt: skip
    with patch.object(room, "launch", copy.__dict__["launch"]):
        assert any(differs(case(number)) for number in range(50))
