"""Every door that runs the model runs the same model, and takes the same words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import koubei_sim as kb
from koubei_sim import metrics, studies
from koubei_sim.core import progress
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, erdos_renyi
from koubei_sim.runs import inputs
from koubei_sim.runs.archive import history_digest
from koubei_sim.runs.options import options_from
from koubei_sim.studies.calibration import Target
from koubei_sim.studies.calibration.calibrate import BatchMeter

N = 150
GONE = {"channels.wechat": None, "events.meeting": None, "seeding.channel": None}
BASE = kb.Scenario.load("tiny").replace(n_agents=N, ticks=6, **{"seeding.number": 10, **GONE})
CAMPAIGN = {"media.account.start": 1, "media.account.visibility": 1.0}
MORE = BASE.replace(**CAMPAIGN)
REPLICATES = 2
SHARED = ("networks", "agents", "engine", "threads", "rng", "progress")

Door = Callable[[kb.Scenario, dict[str, Any], Any], list[str]]


def graph(order: int = 0) -> Network:
    """A graph whose people have names, not in the order of their rows."""
    net = erdos_renyi(N, mean_degree=6, key=3)
    rows = np.random.Generator(np.random.PCG64(order)).permutation(N)
    circle = np.arange(N)  # so that everybody has a tie, and a name
    sources = np.concatenate([net.layer().sources(), circle])
    targets = np.concatenate([net.layer().indices, (circle + 1) % N])
    names = np.array([f"p{row:03d}" for row in rows])
    return Network.from_edges(names[sources], names[targets], labels="auto")


def people(net: Network) -> pd.DataFrame:
    """A table of the same people, in another order than the graph has them."""
    names = sorted(net.labels)[::-1]
    kinds = list(BASE.segments)
    numbers = [int(name[1:]) for name in names]
    return pd.DataFrame(
        {
            "segment": [kinds[number % len(kinds)] for number in numbers],
            "activity": [1.0 + number % 3 for number in numbers],
        },
        index=names,
    )


def digests(histories: Any) -> list[str]:
    return [history_digest([history]) for history in histories]


class Seen:
    """An outcome that notes the bytes of every history it is asked of, by scenario."""

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {}

    def __call__(self, history: Any, scenario: kb.Scenario) -> float:
        self.found.setdefault(scenario.digest(), set()).add(history_digest([history]))
        return float(metrics.adoptions(history).sum())

    def of(self, scenario: kb.Scenario, expected: list[str]) -> list[str]:
        """What was seen of a scenario, in the order of the replicates expected."""
        found = self.found[scenario.digest()]
        return [each if each in found else "another" for each in expected] + sorted(
            found - set(expected)
        )


# Every door: from a scenario and its words to the bytes of its replicates.


def by_compare(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    arms = {"base": scenario, "more": scenario.changed(CAMPAIGN, True)}
    found = kb.compare(arms, REPLICATES, threads=2, **own)
    return digests(found.runs["base"].histories)


def by_fork(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    supplied = {name: own[name] for name in ("networks", "agents")}
    first = kb.run(scenario, REPLICATES, **own)
    return digests(kb.fork(first, at=3, threads=2, **supplied).histories)


def by_shards(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    found = [kb.run_partitioned(scenario, shards=2, replicate=r, **own) for r in range(REPLICATES)]
    return digests(each.history for each in found)


def by_days(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    found = []
    for replicate in range(REPLICATES):
        model = kb.KoubeiModel(scenario, replicate=replicate, **own)
        while model.running:
            model.step()
        found.append(model._run.history())
    return digests(found)


def by_knock_out(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()
    kb.knock_out(scenario, ["relays"], seen, REPLICATES, **own)
    return seen.of(scenario, expected)


def by_shapley(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()
    kb.shapley(scenario, ["relays", "replies"], seen, REPLICATES, **own)
    return seen.of(scenario, expected)


def by_shapley_of_orders(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()
    players = {f"{k}": {path: 0.1} for k, path in enumerate(
        ("telling.relay", "seeding.purity", "channels.forum.tell", "channels.weibo.tell",
         "channels.forum.persuasion", "channels.weibo.persuasion", "telling.waiting"))
    }  # fmt: skip
    kb.shapley(scenario, players, seen, REPLICATES, orders=2, **own)
    return seen.of(scenario, expected)


def by_explain(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()
    arms = {"base": scenario, "more": scenario.changed(CAMPAIGN, True)}
    kb.attribution(arms, ["media"], seen, replicates=REPLICATES, **own)
    return seen.of(scenario, expected)


def by_break_even(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()

    def profit(history: Any, of: kb.Scenario) -> float:
        cost = sum(part.sum() for part in metrics.spend(history, of).values())
        return 50.0 * seen(history, of) - float(cost)

    path = "media.account.cost_per_day"
    kb.break_even(
        scenario, CAMPAIGN, path, 0.0, 1e6, profit, REPLICATES, tolerance=1e6, **own
    )  # fmt: skip
    return seen.of(scenario.changed({path: 0.0}, True), expected)


def by_map(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()
    ends = scenario.seeding.purity, scenario.telling.relay
    found = kb.map(
        scenario, ("seeding.purity", ends[0], 1.0), ("telling.relay", ends[1], 1.0), outcome=seen,
        replicates=6, cells=1, depth=0, **own,
    )  # fmt: skip
    assert len(found.values) == 4
    return [each if each in seen.found[scenario.digest()] else "another" for each in expected]


def by_scorecard(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()
    target = Target("a", 10.0, 1.0, seen, "macro-face")
    studies.scorecard(scenario, [target], REPLICATES, **own)
    return seen.of(scenario, expected)


def by_calibrate(scenario: kb.Scenario, own: dict[str, Any], expected: Any) -> list[str]:
    seen = Seen()
    target = Target("a", 10.0, 1.0, seen, "macro-face")
    purity = scenario.seeding.purity
    kb.calibrate(
        scenario, [target], {"seeding.purity": (purity, purity + 1e-12)}, method="optuna",
        simulations=1, replicates=REPLICATES, start={"seeding.purity": purity}, **own,
    )  # fmt: skip
    (key,) = seen.found  # of a share of the range, which is as good as none
    return sorted(seen.found[key], key=expected.index) if seen.found[key] <= set(expected) else []


HISTORIES: dict[str, Door] = {
    "compare": by_compare,
    "fork": by_fork,
    "run_partitioned": by_shards,
    "KoubeiModel": by_days,
    "knock_out": by_knock_out,
    "shapley": by_shapley,
    "shapley over orders": by_shapley_of_orders,
    "explain": by_explain,
    "break_even": by_break_even,
    "map": by_map,
    "scorecard": by_scorecard,
    "calibrate": by_calibrate,
}


def numbers(scenario: kb.Scenario, own: dict[str, Any]) -> dict[str, np.ndarray]:
    """What a sweep and a study of sensitivity say of the scenario as it is."""
    words = dict(replicates=REPLICATES, **own)
    swept = kb.sweep(scenario, {"ticks": [scenario.ticks]}, threads=2, **words).table()
    studied = kb.sensitivity(scenario, ["seeding.purity"], outcome="users", threads=1, **words)
    as_it_is = studied.runs.sweep.points.columns["seeding.purity"].index(scenario.seeding.purity)
    return {"sweep": swept["users"].to_numpy(), "sensitivity": studied.values()[as_it_is]}


@settings(max_examples=4, phases=[Phase.generate])  # each example tries all doors
@given(key=st.integers(0, 2**64 - 1), order=st.integers(0, 99), shared=st.booleans())
def test_every_door_runs_the_same_replicates(key: int, order: int, shared: bool) -> None:
    """Catches a door that loses a graph, its names, or people, or takes another replicate."""
    net = graph(order)
    own: dict[str, Any] = dict(rng=key, networks={"weibo": net}, agents=people(net))
    scenario = BASE.replace(shared_world=shared)
    first = kb.run(scenario, REPLICATES, threads=1, **own)
    expected = digests(first.histories)
    assert len(set(expected)) == REPLICATES
    assert digests(kb.run(scenario, REPLICATES, engine="reference", **own).histories) == expected
    for name, door in HISTORIES.items():
        assert door(scenario, own, expected) == expected, name
    users = metrics.outcomes(first)["users"]
    for name, found in numbers(scenario, own).items():
        np.testing.assert_array_equal(found, users, err_msg=name)


@pytest.mark.parametrize("name", [*HISTORIES, "run", "sweep and sensitivity"])
def test_what_is_supplied_is_converted_and_digested_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a graph that is converted or digested for each scenario, batch or look."""
    import networkx as nx

    net = graph()
    frame = people(net)
    links = nx.Graph(list(nx.relabel_nodes(nx.erdos_renyi_graph(N, 0.05, 3), dict(
        enumerate(sorted(net.labels)))).edges))  # fmt: skip
    links.add_nodes_from(net.labels)
    own: dict[str, Any] = dict(rng=1, networks={"weibo": links}, agents=frame)
    expected = digests(kb.run(BASE, REPLICATES, **own).histories)
    counted = {"as_network": 0, "as_table": 0}
    for each in counted:
        real = getattr(inputs, each)

        def count(*arguments: Any, each: str = each, real: Any = real) -> Any:
            counted[each] += 1
            return real(*arguments)

        monkeypatch.setattr(inputs, each, count)
    digested = []
    real_digest = inputs.provenance.network_digest
    monkeypatch.setattr(
        inputs.provenance,
        "network_digest",
        lambda given: digested.append(isinstance(given, dict)) or real_digest(given),
    )
    calls = 1
    if name == "run":
        kb.run(BASE, REPLICATES, **own)
    elif name == "sweep and sensitivity":
        numbers(BASE, own)
        calls = 2
    else:
        HISTORIES[name](BASE, own, expected)
        # A result is made first; each replicate is a call of its own.
        calls = 2 if name in ("fork", "run_partitioned", "KoubeiModel") else 1
    assert counted == {"as_network": calls, "as_table": calls}
    assert sum(digested) <= calls


DOORS = {
    "run": kb.run,
    "compare": kb.compare,
    "fork": kb.fork,
    "knock_out": kb.knock_out,
    "shapley": kb.shapley,
    "explain": kb.attribution,
    "break_even": kb.break_even,
    "exchange_rate": kb.exchange_rate,
    "plan": kb.plan,
    "sweep": kb.sweep,
    "sensitivity": kb.sensitivity,
    "calibrate": kb.calibrate,
    "claim": kb.claim,
    "map": kb.map,
    "scorecard": studies.scorecard,
    "run_partitioned": kb.run_partitioned,
    "KoubeiModel": kb.KoubeiModel,
}


@pytest.mark.parametrize("name", DOORS)
def test_every_door_has_the_same_words(name: str) -> None:
    """Catches a door at which one of the shared words is missing or means none by default."""
    words = inspect.signature(DOORS[name]).parameters
    wanted = [w for w in SHARED if not (name == "KoubeiModel" and w == "progress")]
    assert [word for word in wanted if word not in words] == []
    for word in ("networks", "agents", "threads", "rng"):
        assert words[word].default is None, word


RESULT = kb.run(BASE, rng=7)
CALLS: dict[str, Callable[..., Any]] = {
    "run": lambda **w: kb.run(BASE, **w),
    "compare": lambda **w: kb.compare([BASE, MORE], 2, **w),
    "fork": lambda **w: kb.fork(RESULT, 3, **w),
    "knock_out": lambda **w: kb.knock_out(BASE, ["relays"], **w),
    "shapley": lambda **w: kb.shapley(BASE, ["relays"], **w),
    "explain": lambda **w: kb.attribution({"a": BASE, "b": MORE}, ["media"], **w),
    "break_even": lambda **w: kb.break_even(
        BASE, CAMPAIGN, "media.account.cost_per_day", 0.0, 9.0, **w
    ),
    "exchange_rate": lambda **w: kb.exchange_rate(
        BASE, {"seeding.purity": 1.0}, ("seeding.number", 1, 9), "users", **w
    ),
    "plan": lambda **w: kb.plan(BASE, {"ticks": [4, 5]}, 2, outcome="users", **w),
    "sweep": lambda **w: kb.sweep(BASE, {"ticks": [5]}, **w),
    "sensitivity": lambda **w: kb.sensitivity(BASE, ["seeding.purity"], **w),
    "map": lambda **w: kb.map(BASE, ("seeding.purity", 0.1, 0.9), ("telling.relay", 0.1, 0.9), **w),
    "scorecard": lambda **w: studies.scorecard(
        BASE, [Target("a", 1.0, 1.0, "users", "macro-face")], **w
    ),
    "calibrate": lambda **w: kb.calibrate(
        BASE, [Target("a", 1.0, 1.0, "users", "macro-face")], {"seeding.purity": (0.1, 0.2)}, **w
    ),
    "run_partitioned": lambda **w: kb.run_partitioned(BASE, **w),
    "KoubeiModel": lambda **w: kb.KoubeiModel(BASE, **w),
}
#: What a door refuses in words of its own, because it can only have the usual value.
OWN_WORDS = {
    ("fork", "rng"), ("fork", "engine"), ("run_partitioned", "engine"),
    ("run_partitioned", "threads"), ("KoubeiModel", "engine"), ("KoubeiModel", "progress"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("word", "wrong"),
    [("rng", "dice"), ("engine", "compield"), ("threads", 0), ("threads", 1.5), ("progress", "no")],
)
def test_wrong_words_are_refused_alike(name: str, word: str, wrong: Any) -> None:
    """Catches a door with checks of its own, in other words than its neighbour."""
    if (name, word) == ("KoubeiModel", "progress"):
        pytest.skip("its steps are taken by whoever calls it")
    with pytest.raises(KoubeiError) as caught:
        CALLS[name](**{word: wrong})
    if (name, word) in OWN_WORDS:
        assert caught.value.where == word
        return
    with pytest.raises(KoubeiError) as usual:
        options_from(**{word: wrong})
    assert str(caught.value) == str(usual.value)


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_graph_and_no_table_is_refused_alike(name: str) -> None:
    """Catches a door that takes anything for a graph, or fails with a traceback."""
    for words in ({"networks": 3}, {"networks": {"weibo": 3}}, {"agents": 3}):
        with pytest.raises(KoubeiError) as usual:
            _ = options_from(**words).inputs
        with pytest.raises(KoubeiError) as caught:
            CALLS[name](**words)
        assert str(caught.value) == str(usual.value)


def test_progress_is_told_two_numbers_everywhere() -> None:
    """Catches a callable that works at one door and raises at the next."""
    for name, call in CALLS.items():
        if name in ("KoubeiModel", "calibrate", "break_even", "exchange_rate"):
            continue  # no end is known beforehand; a calibration names its batches
        told: list[tuple[int, int]] = []
        more = {} if name in ("fork", "run_partitioned", "compare", "map") else {"replicates": 2}
        if name != "fork":
            more["rng"] = 1
        call(progress=lambda done, total, told=told: told.append((done, total)), **more)
        assert told[-1][0] == told[-1][1] > 0, name
        assert told == sorted(told), name


def test_every_door_shows_progress_by_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a door that is silent on a terminal, writes to stdout, or speaks against a no."""
    monkeypatch.setattr(progress, "watched", lambda: True)
    monkeypatch.setattr(progress, "SOON", 0.0)
    calls = {**CALLS, "batches": _batches, "ensemble": WORLDS.run}
    # Where an effect changes its sign: else there is nothing to find.
    calls["break_even"] = lambda **w: kb.break_even(
        BASE, CAMPAIGN, "media.account.cost_per_day", 0.0, 1e6, _profit, 2, tolerance=1e6, **w
    )
    calls["exchange_rate"] = lambda **w: kb.exchange_rate(
        BASE, {"seeding.purity": 1.0}, ("seeding.number", 1, 30), _seeds, 2, tolerance=30, **w
    )
    for name, call in calls.items():
        if name in ("KoubeiModel", "calibrate"):  # the meter of a calibration: "batches"
            continue
        more = {} if name in ("fork", "batches") else {"rng": 1}
        call(**more)
        seen = capsys.readouterr()
        assert "[00:" in seen.err, name
        assert seen.out == "", name
        if name in ("run", "sweep", "batches"):  # one for each kind of meter
            call(progress=False, **more)
            assert capsys.readouterr().err == "", name


def _profit(history: Any, of: kb.Scenario) -> float:
    cost = sum(part.sum() for part in metrics.spend(history, of).values())
    return 50.0 * float(metrics.adoptions(history).sum()) - float(cost)


def _seeds(history: Any, of: kb.Scenario) -> float:
    return of.seeding.number + 9.0 * of.seeding.purity


def _batches(progress: Any = None) -> None:
    with BatchMeter(progress) as tell:
        if tell is not None:
            tell(3, "a batch")


WORLDS = kb.ensemble("xiaomi", 2).replace(n_agents=2000, ticks=3)


def test_one_line_says_what_a_door_cannot(tmp_path: Any) -> None:
    """Catches a word that is taken and quietly does nothing."""
    refusals: list[tuple[Callable[[], Any], str]] = [
        (lambda: kb.fork(RESULT, 3, rng=7), "rng: a fork has the key of its result"),
        (lambda: kb.fork(RESULT, 3, engine="reference"), "engine: only the compiled engine"),
        (lambda: kb.run_partitioned(BASE, engine="reference"), "engine: shards are of the comp"),
        (lambda: kb.run_partitioned(BASE, threads=3), r"threads: a shard has one.*try shards=3"),
        (lambda: kb.KoubeiModel(BASE, engine="reference"), "engine: a Mesa model of arrays"),
        (lambda: kb.sweep(BASE, {"ticks": [5]}, threads=2, workers=2), "threads: given twice"),
        (
            lambda: kb.sweep(BASE, {"ticks": [5]}, threads=2, backend="loky"),
            "threads: the workers of loky are no threads, got 2, try workers=2",
        ),
        (lambda: kb.claim(tmp_path, networks=graph()), "networks: stands in the claim itself"),
        (lambda: kb.claim(tmp_path, rng=1), "rng: stands in the claim itself"),
        (lambda: kb.claim(tmp_path, engine="reference"), "engine: a claim is judged by"),
    ]
    for call, said in refusals:
        with pytest.raises(KoubeiError, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_old_names_of_fork_say_the_new_one() -> None:
    """Catches an old name that vanished before its time, or says nothing."""
    later = kb.fork(RESULT, 3)
    for call, new in (
        (lambda: kb.branch(RESULT, 3), "koubei_sim.fork"),
        (lambda: RESULT.branch(3), "Result.fork"),
        (lambda: later.branch(4), r"Fork\.fork"),
        (lambda: studies.branch(RESULT, 3), "studies.fork"),
    ):
        with pytest.warns(DeprecationWarning, match=new):
            assert call().digest() == RESULT.digest()
    with pytest.warns(DeprecationWarning, match=r"studies\.Fork"):
        assert studies.Branch is studies.Fork


def test_inputs_may_be_made_once_and_handed_on() -> None:
    """Catches `Inputs` that lose their people on the way through a door."""
    net = graph()
    made = inputs.Inputs({"weibo": net}, people(net))
    wanted = kb.run(BASE, rng=1, networks={"weibo": net}, agents=people(net))
    assert kb.run(BASE, rng=1, networks=made).digest() == wanted.digest()
