"""Functions as outcomes, points of other lengths, and folders of other studies: what was found."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import metrics
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.compare.comparison import Comparison
from koubei_sim.studies.design.functions import digest_of

SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10})
FEW = SMALL.replace(n_agents=40, ticks=2, **{"seeding.number": 3})


def test_what_a_function_gives_has_no_bounds():
    """Catches an interval that is cut at 0, or a day or a chance by a name alone."""
    values, all_of = np.array([-9.0, -7.0, -8.0, -5.0]), np.ones(4)
    loss = metrics.told("loss", values, all_of, 1, 10.0)
    assert loss.low < loss.estimate == values.mean() < loss.high < 0.0
    for name in ("day_x", "take_off_users"):
        found = metrics.told(name, 20.0 + values, all_of, 1, 10.0)
        assert found.estimate == 12.75 and found.high > 12.75, name
        with_nan = np.append(values, np.nan)
        assert np.isnan(metrics.with_horizon(name, with_nan, 10.0)[-1]), name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = kb.sweep(
            SMALL, {"ticks": [6]}, replicates=6, rng=7, workers=1,
            outcomes={"loss": lambda r: -float(r.data.users[0, -1])},
        ).summary("loss")  # fmt: skip
    row = found.iloc[0]
    assert row.low < row.estimate < row.high < 0.0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("net gain", "the name of a function is one word, got 'net gain'"),
        ("", "the name of a function is one word, got ''"),
        ("users@60", "the name of a function is one word"),
        ("curve:users", "the name of a function is one word"),
        ("take_off_users", "a function under a name that is taken"),
        ("day_x", "a function under a name that is taken"),
        ("ticks", "a function under the name of what is varied, got ticks"),
    ],
)
def test_names_that_say_something_else_are_refused(name, said):
    """Catches a function that is told as a count, a chance or a day, or hides what is varied."""
    with pytest.raises(KoubeiError, match=said):
        kb.sweep(FEW, {"ticks": [2]}, rng=7, outcomes={name: lambda r: 1.0})


def test_what_has_a_default_is_not_handed_over():
    """Catches ``lambda r, k=k: ...``, the usual way to close over k, given a scenario as k."""
    outcomes = {f"k{k}": (lambda r, k=k: float(k * r.replicates)) for k in (1, 2)}
    table = kb.sweep(FEW, {"ticks": [2]}, rng=7, outcomes=outcomes).table()
    assert table[["k1", "k2"]].to_numpy().tolist() == [[1.0, 2.0]]
    both = kb.sweep(FEW, {"ticks": [2]}, rng=7, outcomes={"n": lambda history, sc: sc.n_agents})
    assert both.table()["n"].tolist() == [40.0]


def test_a_module_of_ones_own_is_told_by_what_is_used_of_it(tmp_path, monkeypatch):
    """Catches a folder that takes a changed module for the same one."""
    (tmp_path / "own_helpers.py").write_text(
        "FACTOR = 1.0\nother = 2.0\ndef h(r):\n    return FACTOR\n"
    )
    (tmp_path / "own_box").mkdir()
    (tmp_path / "own_box" / "__init__.py").write_text("import own_helpers as inner\n")
    (tmp_path / "own_users.py").write_text(
        textwrap.dedent("""
            import networkx as nx
            import own_box
            import own_helpers
            from own_helpers import h

            def by_module(r): return own_helpers.h(r)
            def by_package(r): return [own_box.inner.h(r) for _ in range(1)][0]
            def handed_on(r): return getattr(own_helpers, "h")(r)
            def written_to(r): own_helpers.counted = 1
            def by_name(r): return h(r)
            def library(r): return nx.empty_graph(3).order()
            def inside(r):
                import own_helpers
                return own_helpers.h(r)
            def deep(r):
                def inner():
                    from own_helpers import h
                    return h(r)
                return inner()
            def theirs(r):
                import json
                from networkx import empty_graph
                return empty_graph(3).order()
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    try:
        import own_users

        for name in ("inside", "handed_on", "written_to"):
            assert digest_of(getattr(own_users, name)) == "", name
        known = ("by_module", "by_package", "by_name", "deep", "library", "theirs")
        told = [digest_of(getattr(own_users, name)) for name in known]
        assert len(set(told)) == len(known) and "" not in told
        asked = {"points": {"ticks": [2]}, "rng": 7, "workers": 1}
        with pytest.raises(KoubeiError, match=r"a function that a folder could not tell .* import"):
            kb.sweep(FEW, outcomes={"n": own_users.inside}, out=tmp_path / "f", **asked)
        found = {"n": own_users.by_module}
        for _ in range(2):
            table = kb.sweep(FEW, outcomes=found, out=tmp_path / "f", **asked).table()
            assert table["n"].tolist() == [1.0]
        monkeypatch.setattr(own_users.own_helpers, "other", 3.0)  # used by none
        assert [digest_of(getattr(own_users, name)) for name in known] == told
        monkeypatch.setattr(own_users.own_helpers, "FACTOR", 2.0)  # deep down
        again = [digest_of(getattr(own_users, name)) for name in known]
        assert [one == two for one, two in zip(told, again)] == [False] * 4 + [True] * 2
        with pytest.raises(KoubeiError, match=r"another sweep \(other functions as outcomes\)"):
            kb.sweep(FEW, outcomes=found, out=tmp_path / "f", **asked)
    finally:
        for name in ("own_helpers", "own_box", "own_users"):
            sys.modules.pop(name, None)


def _under_one_name(value, way):
    """A function that gives `value`, made like others that give another one."""
    if way == "wraps":
        return functools.wraps(np.mean)(lambda r: value)
    if way == "attribute":

        def told(r):
            return told.level

        told.level = value
        return told
    if way == "ufunc":
        return np.frompyfunc(lambda x: value, 1, 1)
    return np.vectorize(lambda x: value)


def test_functions_that_borrow_a_name_are_told_apart(tmp_path):
    """Catches the numbers of another function out of a folder, for it says that it is numpy's."""
    asked = {"points": {"ticks": [2]}, "rng": 7, "workers": 1}
    for way in ("wraps", "attribute"):
        one, same, other = (digest_of(_under_one_name(value, way)) for value in (1.0, 1.0, 2.0))
        assert one == same != other and "" not in (one, other), way
        first, second = ({"n": _under_one_name(value, way)} for value in (1.0, 2.0))
        kb.sweep(FEW, outcomes=first, out=tmp_path / way, **asked)
        with pytest.raises(KoubeiError, match=r"another sweep \(other functions as outcomes\)"):
            kb.sweep(FEW, outcomes=second, out=tmp_path / way, **asked)
    for way in ("ufunc", "vectorize"):
        assert digest_of(_under_one_name(1.0, way)) == "", way
    for theirs in (np.add, np.mean, np.ndarray.mean, dict.fromkeys, len, metrics.users):
        assert digest_of(lambda r, of=theirs: of(r.key)), theirs  # known by name, as they were


def _with_class(text):
    """A function that uses the class `Own` of this text."""
    space = {"dataclass": dataclasses.dataclass, "field": dataclasses.field, "__name__": "mine"}
    text = f"{textwrap.dedent(text)}\ndef last(r): return Own().told()"
    exec(compile(text, "<string>", "exec", dont_inherit=True), space)
    return space["last"]


CLASS = """
class Base:
    def half(self): return 0.5
@dataclass
class Own(Base):
    level: float = 1.0
    parts: list = field(default_factory=list)
    scale = 3.0
    def __eq__(self, other): return self.level == 5.0
    @property
    def all(self): return self.level * self.scale
    @staticmethod
    def one(): return 1.0
    def told(self): return self.all * self.half() * self.one()
"""


def test_a_class_of_ones_own_is_told_by_what_it_is():
    """Catches a folder that refuses any class, or does not see that one has changed."""
    one, same = digest_of(_with_class(CLASS)), digest_of(_with_class(CLASS))
    assert one == same != ""
    changes = (
        ("return 0.5", "return 0.7"), ("level: float = 1.0", "level: float = 2.0"),
        ("=list", "=set"), ("scale = 3.0", "scale = 4.0"), ("self.level *", "self.level +"),
        ("return 1.0", "return 2.0"), ("* self.one", "- self.one"), ("@staticmethod", ""),
        ("(Base)", ""), ("@dataclass", "@dataclass(frozen=True)"),
    )  # fmt: skip
    others = [digest_of(_with_class(CLASS.replace(*change))) for change in changes]
    assert "" not in others and len({one, *others}) == 1 + len(changes)
    assert digest_of(_with_class("import enum\nclass Own(enum.Enum):\n    A = 1")) == ""


def test_what_fetches_when_it_runs_has_no_digest(tmp_path):
    """Catches a folder that does not see that a file, a variable or a module has changed."""
    path, way = tmp_path / "level.txt", open
    fetching = (
        lambda r: float(open(path).read()),  # noqa: SIM115
        lambda r: float(way(str(path)).read()),
        lambda r: float(os.environ["LEVEL"]),
        lambda r: float(importlib.import_module("own_level").LEVEL),
        lambda r: float(sys.modules["own_level"].LEVEL),
        lambda r: float(eval("FEW.ticks")),
        lambda r: float(globals()["FEW"].ticks),
        lambda r: sum(float(open(one).read()) for one in "a"),  # noqa: SIM115
    )
    assert [digest_of(one) for one in fetching] == [""] * len(fetching)
    with pytest.raises(KoubeiError, match="a function that a folder could not tell"):
        kb.sweep(FEW, {"ticks": [2]}, rng=7, outcomes={"n": fetching[3]}, out=tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_days_are_those_of_the_point():
    """Catches an interval that ends at the days of the base scenario, and a day that never came."""
    fourth, never = "day:users:4", "day:users:100000000"
    found = kb.sweep(
        FEW.replace(ticks=3), {"ticks": [40, 50]}, replicates=6, rng=7, workers=1,
        outcomes=[fourth, never],
    )  # fmt: skip
    ends = found.summary(fourth)
    assert (ends["high"] <= [40.0, 50.0]).all() and (ends["estimate"] > 3.0).all()
    assert found.summary(never)["estimate"].isna().all()


def test_a_point_twice_is_refused():
    """Catches curves of a point that are NaN where it is asked for twice."""
    found = kb.sweep(FEW, {"ticks": [1, 2]}, rng=7, workers=1, keep="users")
    with pytest.raises(KoubeiError, match="points: one stands there twice, got 1"):
        found.curves(points=[0, 1, 1])


def test_folders_of_other_studies_are_told_in_one_line(tmp_path: Path):
    """Catches a traceback where a folder holds no sweep, and a comparison with another baseline."""
    both = {"a": FEW, "b": FEW.replace(**{"seeding.number": 5})}
    first = kb.compare(both, 3, 1, baseline="b", out=tmp_path / "cmp", threads=1)
    again = kb.load(tmp_path / "cmp")
    assert isinstance(again, Comparison) and again.names == first.names == ("b", "a")
    assert again.to_html() == first.to_html() and again._repr_html_() == first._repr_html_()
    (tmp_path / "cmp" / "baseline.json").write_text('{"baseline": "c"}')
    with pytest.raises(KoubeiError, match=r"baseline.json: damaged, got 'c', allowed a, b"):
        kb.load(tmp_path / "cmp")
    (tmp_path / "cmp" / "baseline.json").unlink()
    assert kb.load(tmp_path / "cmp").names == ("a", "b"), "as folders of earlier versions"

    kb.plan(
        FEW, designs={n: {"seeding.number": k} for n, k in (("few", 3), ("more", 5))},
        value_per_user=9.0, rng=1, worlds=3, out=tmp_path / "plan",
    )  # fmt: skip
    journals = [path.parent for path in (tmp_path / "plan").rglob("sweep.json")]
    found = kb.load(journals[0])
    assert "SweepResult" in found._repr_html_()
    for asked in (found.to_html, lambda: found.summary("users")):
        with pytest.raises(KoubeiError, match="runs of another study, which kept no take_off"):
            asked()
