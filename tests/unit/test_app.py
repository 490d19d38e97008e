"""The live page without a page: levers, settings, code, runs that are called off, words, the door.

Faults it catches: see each test.  What a browser sees is in tests/browser/test_app.py.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, MutableMapping
from html import unescape
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.app import desk as desks
from koubei_sim.app import layout, server, show, words
from koubei_sim.app.answers import Answer
from koubei_sim.app.design import (
    FIRST,
    MOST_BYTES,
    SECOND,
    Moved,
    Settings,
    code_of,
    opened,
    settings_from,
    uploaded,
)
from koubei_sim.app.desk import Desk, Gate, Kept
from koubei_sim.app.levers import levers_of, mechanisms_of
from koubei_sim.app.opening import Opening, open_with, opening
from koubei_sim.cli import main
from koubei_sim.core.stopping import Stopped
from koubei_sim.model.scenario import parameter_table
from koubei_sim.model.world import feeds
from koubei_sim.reports import html
from koubei_sim.reports.page import Curves, Sentences
from koubei_sim.studies.compare.criterion import Criterion

TINY = opened("tiny")
SMALL = {"people": 200, "days": 25, "worlds": 3, "key": 7}


def settings(
    values: dict[str, Any] | None = None, off: tuple[str, ...] = (), **given: Any
) -> Settings:
    """Settings of a small design."""
    first = given.pop("first", Moved())
    money = {"value_per_user": 60.0, "budget": 0.0, **given}
    size = {name: money.pop(name, usual) for name, usual in SMALL.items()}
    return settings_from(TINY, *size.values(), values or {}, off, first, **money)


def last(of: Settings, desk: Desk | None = None) -> Answer:
    """The answer after all worlds."""
    return list((desk or Desk(Gate(1), Kept())).answers(of))[-1]


# Levers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", kb.Scenario.presets())
def test_levers_say_what_the_table_says(preset: str) -> None:
    """A slider that misses the value of the scenario, or tells another unit or source."""
    scenario = kb.Scenario.load(preset)
    rows = {row.path: row for row in parameter_table(scenario)}
    chinese = {row.path: row for row in parameter_table(scenario, "zh")}
    levers = levers_of(scenario)
    assert levers[0].path == "seeding.purity"
    for lever in levers:
        row = rows[lever.path]
        assert lever.value == row.value and lever.value in lever.steps
        assert all(low < high for low, high in pairwise(lever.steps))
        assert (lever.unit, lever.allowed) == (row.unit, row.range)
        assert row.provenance in lever.note("en")
        told = chinese[lever.path]
        assert told.provenance in lever.note("zh") and told.range in lever.note("zh")
        assert lever.label("en") != lever.label("zh")
        if not lever.path.startswith("nodes."):  # their shares are all free
            scenario.replace(**{lever.path: type(row.value)(lever.steps[-1])})


def test_what_changes_nothing_is_no_lever() -> None:
    """Posts on a feed, joining where nothing can be joined, mechanisms that are off already."""
    bass = kb.Scenario.load("bass")
    assert "participation.join" not in {lever.path for lever in levers_of(bass)}
    tiny = {lever.path for lever in levers_of(TINY.scenario)}
    assert "channels.forum.readers_per_post" in tiny
    assert "channels.weibo.readers_per_post" not in tiny
    assert "rival" not in mechanisms_of(bass).values()
    assert "rival" in mechanisms_of(TINY.scenario, "zh").values()


# Settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"people": 1_000_001}, "people: out of range"),
        ({"people": "many"}, "people: not a whole number"),
        ({"people": None}, "people: not a whole number"),
        ({"days": 3_651}, "days: out of range"),
        ({"worlds": 33}, "pairs of worlds: out of range"),
        ({"people": 1_000_000, "worlds": 5}, "pairs of worlds: too many for so many people"),
        ({"key": -1}, "key: out of range"),
        ({"budget": float("nan")}, "budget: out of range"),
        ({"value_per_user": "much"}, "value of a user: not a number"),
        ({"values": {"seeding.purity": 1.5}}, "seeding.purity: out of range"),
        ({"values": {"seeding.purity": None}}, "seeding.purity: not a number"),
        ({"values": {"n_agents": 10**9}}, "lever: unknown"),
        ({"values": {"seeding.number": 20.5}}, "seeding.number: not a whole number"),
        ({"off": ("the lights",)}, "mechanism: unknown"),
        ({"people": 5}, "seeding.number"),  # more seeds than people: the model's own refusal
    ],
)
def test_what_is_wrong_is_refused_in_one_line(wrong: dict[str, Any], says: str) -> None:
    """A bound that is not there, a fault that comes out as a traceback."""
    with pytest.raises(kb.KoubeiError) as refused:
        settings(**wrong)
    assert says in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"name = ", "not valid TOML"),
        (b"", "says nothing"),
        (b"\xff\xfe\x00", "text is not"),
        (b"n_agents = -5", "n_agents"),
        (b"ticks = 20000", "ticks: out of range"),
        (b'agents_table = "/etc/hosts"', "names a file of its own (agents_table)"),
        (
            b'[channels.a.network]\nkind = "file"\npath = "/etc/hosts"',
            "names a file of its own (channels.a.network.kind)",
        ),
        (b"#" * (MOST_BYTES + 1), "too large"),
    ],
)
def test_uploads_that_are_no_scenario_are_refused(raw: bytes, says: str) -> None:
    """A file of the serving machine that is read for a visitor, a long text, a traceback."""
    with pytest.raises(kb.KoubeiError) as refused:
        uploaded("../../mine.toml", raw)
    assert says in str(refused.value) and "\n" not in str(refused.value)
    assert "../" not in str(refused.value)


def test_an_uploaded_scenario_is_opened() -> None:
    """A sound file that is refused, or read as another scenario."""
    found = uploaded("mine.toml", TINY.scenario.to_toml().encode())
    assert found.scenario == TINY.scenario and found.file
    assert 'kb.Scenario.load("mine.toml")' in code_of(
        settings_from(found, 200, 25, 2, 7, {}, [], Moved(), 60.0, 0.0)
    )


def test_mechanisms_that_are_off_win_over_levers() -> None:
    """A lever that switches on again what was switched off."""
    found = settings({"participation.join": 0.4}, ("participation",))
    assert found.design(found.second).participation.join == 0.0
    assert found.changes(found.second)["participation.join"] == 0.0


# Numbers ------------------------------------------------------------------------------------------


def test_the_code_makes_the_numbers_of_the_page_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that forgets a lever, a mechanism, the size or the key; numbers that are not `kb`'s."""
    monkeypatch.setattr(kb.plots, "pyramid", lambda run: None)
    found = settings(
        {"seeding.purity": 0.3, "channels.forum.tell": 0.1}, ("relays", "events"), budget=2e6,
        first=Moved((("seeding.number", 10),)), worlds=6,
    )  # fmt: skip
    shown = last(found)
    made: dict[str, Any] = {"print": lambda *_: None}
    exec(code_of(found), made)
    table, again = shown.table(), made["found"].table()
    assert len(table) == 5 and list(table.columns) == [c for c in again.columns if c in table]
    assert again.loc[table.index, table.columns].equals(table)
    assert shown.plan is not None
    np.testing.assert_array_equal(shown.plan.values, made["plan"].values)
    assert shown.plan.table().equals(made["plan"].table())
    for run in (FIRST, SECOND):
        theirs = made["found"].runs[run].histories
        for mine, other in zip(shown.runs[run].histories, theirs, strict=True):
            np.testing.assert_array_equal(mine.table, other.table)


def test_the_code_of_one_design_makes_its_result_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same before anything was moved."""
    monkeypatch.setattr(kb.plots, "pyramid", lambda run: None)
    found = settings({"seeding.purity": 0.3}, first=Moved((("seeding.purity", 0.3),)))
    shown = last(found)
    made: dict[str, Any] = {"print": lambda *_: None}
    exec(code_of(found), made)
    assert shown.second.digest() == made["result"].digest()
    assert shown.plan is None and shown.findings == ()


def test_a_budget_is_told_of() -> None:
    """A design over the budget that is advised."""
    cheap = settings({"seeding.number": 5}, budget=10.0)
    assert all(last(cheap).over_budget(name) for name in (FIRST, SECOND))
    assert words.say("take_none", "en") in show.plan(last(cheap), "en")
    plan = last(cheap).plan
    assert plan is not None
    between = settings({"seeding.number": 5}, budget=float(plan.outlay.mean()))
    said = show.plan(last(between), "en")
    assert "Only your design keeps within the budget." in said and "(over the budget)" in said


# Runs that are called off -------------------------------------------------------------------------


def test_the_last_setting_wins() -> None:
    """An old run that goes on, or shows itself after a newer one was asked for."""
    desk = Desk(Gate(1), Kept())
    old = desk.answers(settings({"seeding.purity": 0.1}))
    first = next(old)
    assert first.done == 1
    number = desk.take()
    with pytest.raises(Stopped):
        next(old)
    seen: list[str] = []
    with pytest.raises(Stopped):
        desk.show(number - 1, lambda: seen.append("old"))
    desk.show(number, lambda: seen.append("new"))
    assert seen == ["new"]
    new = list(desk.answers(settings({"seeding.purity": 0.9}), number))
    assert desk.answer is new[-1] and new[-1].complete


def test_a_run_ends_within_a_world_once_nobody_waits() -> None:
    """A run that is only called off between two worlds."""
    desk = Desk(Gate(1), Kept())
    of, asked = settings({"seeding.purity": 0.2}, people=2000, days=120, worlds=1), []

    def there() -> bool:
        asked.append(time.monotonic())
        return len(asked) < 12  # some days into the first world

    with pytest.raises(Stopped):
        list(desk.answers(of, there=there))
    assert len(asked) == 12 and desk.answer is None


def test_a_world_is_not_made_to_its_end_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor who has moved on, and waits for all graphs of a world that he does not want."""
    graphs, draw = [], feeds._draw
    monkeypatch.setattr(feeds, "_draw", lambda *words: (graphs.append(words[-1]), draw(*words))[1])
    of = settings({"seeding.purity": 0.2}, key=91)
    assert len(of.base.feeds) > 1
    with pytest.raises(Stopped):
        list(Desk(Gate(1), Kept()).answers(of, there=lambda: not graphs))
    assert len(graphs) == 1
    assert last(of).complete  # nothing half made is kept


def test_worlds_that_take_too_long_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """One visitor who keeps a place for ever."""
    monkeypatch.setattr(desks, "LONGEST", 0.0)
    with pytest.raises(kb.KoubeiError, match="people: a world takes over 0 s"):
        list(Desk(Gate(1), Kept()).answers(settings({"seeding.purity": 0.25})))


def test_first_looks_come_before_refinements() -> None:
    """A visitor who waits for all worlds of another one; more at once than there are places."""
    gate, order, inside, most = Gate(1), [], [0], [0]
    begun = threading.Event()

    def one(rank: int, name: str, wait: float = 0.0) -> None:
        with gate.turn(rank, lambda: None):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            begun.set()
            time.sleep(wait)
            order.append(name)
            inside[0] -= 1

    threads = [threading.Thread(target=one, args=(0, "holds", 0.4))]
    threads[0].start()
    begun.wait()
    for rank, name in ((1, "refines"), (0, "first"), (1, "refines too"), (0, "second")):
        threads.append(threading.Thread(target=one, args=(rank, name)))
        threads[-1].start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert order == ["holds", "first", "second", "refines", "refines too"]
    assert most == [1]


def test_who_leaves_the_queue_holds_up_nobody() -> None:
    """A place that is lost with a visitor who was waiting for it."""
    gate = Gate(1)

    def gone() -> None:
        raise Stopped

    def leave() -> None:
        with pytest.raises(Stopped), gate.turn(0, gone):
            pass

    with gate.turn(0, lambda: None):
        waits = threading.Thread(target=leave)
        waits.start()
        waits.join()
    with gate.turn(1, gone):
        pass


def test_kept_histories_are_bounded() -> None:
    """Memory that grows with every slider that is moved; runs that are made twice."""
    of = settings({"seeding.purity": 0.35})
    history = last(of).second.histories[0]
    size = sum(part.nbytes for part in history)
    kept = Kept(int(2.5 * size))
    for replicate in range(5):
        kept.put(("a", 7, replicate), history)
    assert kept.nbytes == 2 * size
    assert [kept.get(("a", 7, r)) is not None for r in range(5)] == [False] * 3 + [True] * 2
    kept = Kept()
    one, other = last(of, Desk(Gate(1), kept)), last(of, Desk(Gate(1), kept))
    assert one.second.histories[0] is other.second.histories[0]


# What is seen -------------------------------------------------------------------------------------


def test_words_stand_in_both_languages() -> None:
    """A text that one language lacks, or that names other values than its twin."""
    for name, pair in words._WORDS.items():
        held = [sorted(part.split("}")[0] for part in text.split("{")[1:]) for text in pair]
        assert all(pair) and held[0] == held[1], name


def drawn(html: str) -> dict[str, dict[str, Any]]:
    """Charts of a page by name, as the browser reads them."""
    found = [json.loads(unescape(text)) for text in re.findall('data-chart="([^"]*)"', html)]
    return {one["chart"]["name"]: one for one in found}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_results_are_charts_and_tables(lang: str) -> None:
    """A chart without words or of another design, a part that is left out."""
    found = list(Desk(Gate(1), Kept()).answers(settings({"seeding.purity": 0.3})))
    first, whole = (layout.results(found[place], lang) for place in (0, -1))
    assert list(drawn(first)) == ["pyramid", "users"]  # one pair has no course of effects
    assert 'class="dots"' in first and 'class="dots"' in whole
    charts = drawn(whole)
    assert list(charts) == ["pyramid", "users", "effect"] and whole.count("koubei-table") == 2
    names = [words.say(word, lang) for word in ("first", "second")]
    assert [line["t"] for line in charts["users"]["chart"]["lines"]] == names
    end = np.median([kb.metrics.users(history)[-1] for history in found[-1].second.histories])
    assert charts["pyramid"]["chart"]["lines"][0]["v"][-1] == end
    for one in charts.values():
        said = re.search('role="img" aria-label="([^"]+)"', one["html"])
        assert said and len(said[1]) > 30
    assert 'role="status"' in show.status(found[0], lang)


def test_what_a_visitor_named_is_text() -> None:
    """Text of a visitor, or of an error, that becomes HTML."""
    chart = Curves("x", "</koubei-chart><script>", np.arange(2), [], '"', "<b>")
    assert "<script" not in html.embedded(chart, "x", "en")
    assert json.loads(unescape(html.embedded(chart, "x", "en").split('"')[1]))["chart"]["y"] == '"'
    assert "<script" not in html.embedded(Sentences(["<script>"]), "x", "en")
    assert "<script" not in show.wrong(kb.KoubeiError("<script>", "x"), "en")
    assert "Traceback" not in show.wrong(ZeroDivisionError("secret"), "en")
    assert "secret" not in show.wrong(ZeroDivisionError("secret"), "en")


def test_a_visitor_chooses_last() -> None:
    """An upload that hides the list afterwards; a kept design that outlives its scenario."""

    class File:
        name = "mine.toml"
        contents = b'name = "mine"\nn_agents = 3000\n'

    visitor = layout.Visitor(Opening(TINY, 200))
    assert visitor.choose("tiny", []) == "" and visitor.source is TINY
    visitor.kept = Moved((("seeding.purity", 0.3),))
    assert visitor.choose("tiny", [File]) == "" and visitor.source.name == "mine.toml"
    assert visitor.kept == Moved()
    assert visitor.choose("bass", [File]) == "" and visitor.source.name == "bass"
    assert visitor.choose("tiny", [File]) == "" and visitor.source is TINY
    File.contents = b"name ="
    assert "not valid TOML" in visitor.choose("tiny", [File]) and visitor.source is TINY
    assert "scenario: unknown" in visitor.choose("/etc/passwd", [File])


def test_a_design_is_kept_and_taken_back() -> None:
    """A button that compares with something else than what was seen."""
    visitor = layout.Visitor(Opening(TINY, 200))
    size = {**SMALL, "value_per_user": 60.0, "budget": 0.0}
    found, refusal = layout.read(visitor, TINY, {"seeding.purity": 0.3}, (), size)
    assert found is not None and not refusal and not found.same
    visitor.keep()
    found, _ = layout.read(visitor, TINY, {"seeding.purity": 0.3}, (), size)
    assert (
        found is not None and found.same and dict(visitor.begin.changes) == {"seeding.purity": 0.3}
    )
    nothing, refusal = layout.read(visitor, TINY, {}, (), {**size, "people": 0})
    assert nothing is None and "people" in refusal and visitor.settings is found
    visitor.reset()
    assert visitor.kept == visitor.begin == Moved()


# The door -----------------------------------------------------------------------------------------


def test_the_page_opens_with_what_the_command_said() -> None:
    """A visitor who finds another scenario than the one that was served."""
    before = opening()
    try:
        open_with(Opening(TINY, 150, "zh"))
        assert opening().settings().people == 150 and opening().lang == "zh"
    finally:
        open_with(before)


def test_a_port_that_is_taken_is_refused() -> None:
    """A traceback, or two servers that share a port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(kb.KoubeiError, match="port: cannot be had on 127"):
            server.listening("127.0.0.1", other.getsockname()[1])


def test_the_command_says_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback in a terminal, an exit status that says that all is fine."""
    monkeypatch.setattr(server, "check_installed", lambda: None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert main(["app", "tiny", "--port", str(other.getsockname()[1])]) == 2
    said = capsys.readouterr().err
    assert said.startswith("koubei: port: cannot be had") and said.count("\n") == 1


def test_hosts_that_are_not_ours_are_refused() -> None:
    """A traceback of the socket."""
    with pytest.raises(kb.KoubeiError, match="host: unknown"):
        server.listening("no.such.host.invalid", 0)
    with pytest.raises(kb.KoubeiError, match="port: cannot be had on 192"):
        server.listening("192.0.2.1", 0)  # an address that is kept for examples


def test_without_the_extra_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ImportError in the face of who has no marimo."""
    monkeypatch.setattr(server, "find_spec", lambda name: None if name == "marimo" else object())
    with pytest.raises(kb.KoubeiError) as refused:
        server.serve("tiny", port=0)
    assert str(refused.value) == "app: marimo is not installed, try pip install 'koubei-sim[app]'"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"people": 2_000_000}, "people"),
        ({"port": 70_000}, "port"),
        ({"host": "0.0.0.0", "token": "short"}, "token"),
        ({"scenario": "tinny"}, "unknown preset"),
        ({"lang": "fr"}, "lang"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_served(given: dict[str, Any], says: str) -> None:
    """A server that starts all the same."""
    with pytest.raises(kb.KoubeiError, match=says):
        server.serve(**{"scenario": "tiny", "port": 0, **given})


def ask(
    own: bool, headers: dict[str, str], kind: str = "http", path: str = "/", method: str = "GET",
    visitors: int = 0,
) -> int | str:  # fmt: skip
    """Status that a request gets, or "in" where it comes through to the page."""
    said: list[MutableMapping[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        said.append({"status": "in"})

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    door = server.Doorman(page, own)
    door._visitors = visitors
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "headers": raw, "path": path, "method": method}
    asyncio.run(door(scope, receive, send))
    return said[0].get("status", said[0].get("code", 0))


HOME = {"host": "127.0.0.1:2718"}


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (lambda: ask(True, HOME), "in"),
        (lambda: ask(True, {"host": "localhost:9", "origin": "http://localhost:9"}), "in"),
        (lambda: ask(True, {"host": "evil.example:2718"}), 403),
        (lambda: ask(True, {}), 403),
        (lambda: ask(False, {"host": "lab.example:80"}), "in"),
        (lambda: ask(True, {**HOME, "origin": "http://evil.example"}), 403),
        (lambda: ask(False, {"host": "lab.example", "origin": "http://evil.example"}), 403),
        (lambda: ask(True, {**HOME, "origin": "http://evil.example"}, "websocket", "/ws"), 1008),
        (lambda: ask(True, HOME, "websocket", "/ws"), "in"),
        (lambda: ask(True, HOME, "websocket", "/terminal/ws"), 1008),
        (lambda: ask(True, HOME, "websocket", "/ws", visitors=server.MOST_VISITORS), 1008),
        (lambda: ask(True, HOME, path="/api/kernel/execute", method="POST"), 404),
        (lambda: ask(True, HOME, path="/api/kernel/set_ui_element_value", method="POST"), "in"),
        (lambda: ask(True, {**HOME, "content-length": "9" * 9}), 413),
        (lambda: ask(True, {**HOME, "content-length": "many"}), 413),
    ],
)  # fmt: skip
def test_the_doorman_lets_in_who_may(asked: Callable[[], int | str], answer: int | str) -> None:
    """Another site's page, another name for this machine, marimo's other doors, long bodies."""
    assert asked() == answer


def test_visitors_come_in_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that are compiled side by side, which some Pythons cannot: a dead page for one."""
    inside: list[int] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        inside.append(scope["visitor"])
        await scope["leaves"].wait()

    async def unused(*_: Any) -> Any:
        return {"type": "websocket.connect"}

    async def come() -> None:
        door, leaves = server.Doorman(page, True), asyncio.Event()
        raw = [(name.encode(), value.encode()) for name, value in HOME.items()]
        scope = {"type": "websocket", "headers": raw, "path": "/ws", "leaves": leaves}
        visits = [
            asyncio.create_task(door({**scope, "visitor": number}, unused, unused))
            for number in range(3)
        ]
        await asyncio.sleep(0.05)
        assert inside == [0]
        opening()  # as the page does in its first cell
        await asyncio.sleep(0.05)
        assert inside == [0, 1]
        monkeypatch.setattr(server, "ENTRANCE", 0.0)
        opening()
        await asyncio.sleep(0.05)
        assert inside == [0, 1, 2]
        leaves.set()
        await asyncio.gather(*visits)

    asyncio.run(come())


def test_the_plan_counts_those_who_adopted_by_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adopters of another day than the last, or of the other design."""
    monkeypatch.setattr(Criterion, "values", lambda self, measured: measured)
    shown = last(settings({"seeding.purity": 0.3}))
    assert shown.plan is not None
    wanted = [kb.metrics.measure(shown.runs[name], "adoptions") for name in (FIRST, SECOND)]
    np.testing.assert_array_equal(shown.plan.taken[:, :, 0], wanted)
