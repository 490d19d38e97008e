"""Small results of every kind that has a report, made once for the tests of reports.

Called by `tests/unit/test_reports.py` and `tests/browser/test_report.py`.
"""

from __future__ import annotations

import html.parser
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import koubei_sim as kb
from koubei_sim.model.world.arrays import History
from koubei_sim.reports.door import Reported
from koubei_sim.studies.claims.report import paged

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
NASTY = "</script><script>window.hacked = 1</script>\"'&<b>😀\u202e" + "很长的名字" * 30


@cache
def base() -> kb.Scenario:
    return kb.Scenario.load("tiny").replace(n_agents=400, ticks=45)


@cache
def run() -> kb.Result:
    """Five replicates, of which some take off and some do not."""
    sc = kb.Scenario.load("tiny").replace(ticks=60)
    found = kb.run(sc, replicates=5, rng=7, threads=1)
    taken = found.summary().loc["take_off", "estimate"]
    assert 0.0 < taken < 1.0, "the tests of reports need worlds of both kinds"
    return found


@cache
def comparison() -> Any:
    more = base().replace(**{"seeding.number": 40})
    return kb.compare({"as it is": base(), NASTY: more}, 6, 3, threads=1)


@cache
def sweep() -> Any:
    """Three points, of which one never takes off."""
    points = {"seeding.purity": [0.2], "seeding.number": [1, 30, 60]}
    sc = kb.Scenario.load("tiny").replace(ticks=60)
    return kb.sweep(sc, points, replicates=4, rng=3, threads=1, outcomes=["users", "loyal", "cost"])


@cache
def plan() -> Any:
    designs = {"few": {"seeding.number": 5}, "many": {"seeding.number": 25}, "dear": {
        "seeding.number": 70}}  # fmt: skip
    worlds = kb.prior_sample(base(), 24, ["telling.relay", "service.lapse"])
    return kb.plan(base(), designs, worlds, value_per_user=900.0, budget=90_000.0, rng=1, threads=1)


@cache
def cascade() -> Any:
    net = kb.networks.follow_graph(500, mean_degree=10, exponent=2.3, key=1)
    rule, seeds = kb.IndependentCascade(0.08), kb.RandomSeeds(3)
    return kb.cascade(net, rule, seeds, replicates=40, rng=7)


@cache
def diffusion() -> kb.Diffusion:
    ring = kb.Network.from_edges(range(40), [*range(1, 40), 0])
    times = [0 if i % 10 == 0 else i % 10 for i in range(40)]
    return kb.Diffusion(ring, times, until=9, groups=[i // 10 for i in range(40)])


#: What makes one result of every kind that has a report.
KINDS: dict[str, Callable[[], Reported]] = {
    "run": run,
    "comparison": comparison,
    "sweep": sweep,
    "plan": plan,
    "claim": lambda: paged(EXPERIMENTS / "E1"),
    "claim-script": lambda: paged(EXPERIMENTS / "E12"),
    "sensitivity": lambda: kb.sensitivity(
        base(), ["seeding.purity", "telling.relay"], outcome="users", rng=1, replicates=4, threads=1
    ),
    "worlds": lambda: kb.ensemble("xiaomi", 3).replace(n_agents=2000, ticks=60).run(rng=1),
    "cascade": cascade,
    "hazard": lambda: kb.hazard(diffusion(), "calendar + ties(share)"),
    "judgement": lambda: kb.judge(diffusion(), "calendar + ties(share)", rng=7),
}


@cache
def made(kind: str) -> Reported:
    return KINDS[kind]()


def long_run() -> kb.Result:
    """Twenty replicates of ten years: histories of a short run, repeated day by day."""
    short = kb.run(base(), replicates=20, rng=5, threads=1)
    days = np.minimum(np.arange(3650) // 81, 44)
    noise = (np.arange(3650) * 7919 % 13)[:, None]
    histories = []
    for r, one in enumerate(short.histories):
        table = one.table[days] + noise + r
        long = one._replace(table=table, quality=one.quality[days], difficulty=one.difficulty[days])
        assert isinstance(long, History)
        histories.append(long)
    return kb.Result(short.scenario.replace(ticks=3650), short.key, short.engine, histories)


class Read(html.parser.HTMLParser):
    """A page as a strict reader sees it: tags, text of tables, the numbers of charts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[str] = []
        self.text: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.shown: dict[str, list[list[str]]] = {}
        self.addresses: list[str] = []
        self.listings: dict[str, str] = {}  # by the heading above
        self._heading = self._pre = ""
        self._in: list[str] = []
        self._table, self._raw = "", None
        self.feed(text)
        self.data = json.loads(self.scripts[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [v for k, v in given.items() if k in ("src", "href") and v]
        if tag in ("meta", "input", "br"):
            return
        self._in.append(tag)
        if tag == "script":
            self.scripts.append("")
        elif tag == "h3":
            self._heading = ""
        elif tag == "pre":
            self._pre, self._heading = self._heading, ""
            self.listings[self._pre] = ""
        elif tag == "table":
            self._table = given.get("data-name") or ""
            if self._table:
                self.tables[self._table], self.shown[self._table] = [], []
        elif tag == "tr" and self._table:
            self.tables[self._table].append([])
            self.shown[self._table].append([])
        elif tag in ("td", "th") and self._table:
            self._raw = given.get("data-v")
            self.tables[self._table][-1].append(self._raw or "")
            self.shown[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        if self._in and self._in[-1] == "script":
            self.scripts[-1] += data
            return
        self.text.append(data)
        if self._in and self._in[-1] == "h3":
            self._heading += data
        elif self._in and self._in[-1] == "pre":
            self.listings[self._pre] += data
        if self._table and self._in and self._in[-1] in ("td", "th"):
            self.shown[self._table][-1][-1] += data
            if self._raw is None:
                self.tables[self._table][-1][-1] += data
