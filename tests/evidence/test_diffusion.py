"""Records: who is at risk when, against plain loops; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evidence.twin import drawn

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import NEVER

LINE = kb.Network.from_edges(["li", "wu"], ["wu", "he"], labels="auto")
RING = kb.networks.ring(4, 2)


@given(st.integers(0, 10_000), st.sampled_from([None, "red", "blue"]))
@settings(max_examples=50, deadline=None)
def test_the_risk_set_is_that_of_plain_loops(number: int, kind: str | None) -> None:
    """Catches rows after the adoption, after the end, before the entry, and rows of seeds."""
    one = drawn(number)
    d = one.make()
    found = d.risk(kind)
    rows = [
        (i, t - one.start, took) for i, t, took in one.risk(kind)
    ]  # people by row, periods in order
    assert list(zip(*(part.tolist() for part in found))) == rows


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_places_are_those_of_plain_loops(number: int) -> None:
    """Catches a seed that loses its time, and an adoption seen after the end."""
    one = drawn(number)
    d = one.make()
    for i in range(one.n):
        when = one.when(i)
        assert d.at[i] == (NEVER if when is None else when - one.start)
        assert d.seeded[i] == one.seed(i)
    seen = [w for i in range(one.n) if (w := one.when(i)) is not None and w >= one.start]
    assert d.curve().tolist() == [seen.count(one.start + k) for k in range(d.periods)]


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=30, deadline=None)
def test_some_people_of_a_record_are_a_record(number: int, contacts: bool) -> None:
    """Catches people who change places, and a record that is not equal to itself."""
    one = drawn(number, contacts=contacts)
    d = one.make()
    for other in (d.replace(), d.people(np.ones(d.n, bool))):
        assert np.array_equal(other.at, d.at) and np.array_equal(other.seeded, d.seeded)
        assert np.array_equal(other.until, d.until) and np.array_equal(other.entered, d.entered)
        assert other.named_kinds() == d.named_kinds()
        assert np.array_equal(other.covariates["age"], d.covariates["age"])
    rows = np.array([7, 3, 11])
    some = d.people(rows)
    assert np.array_equal(some.times, d.times[np.sort(rows)], equal_nan=True)
    assert [some.groups[g] for g in some.group] == [d.groups[g] for g in d.group[np.sort(rows)]]


def test_people_by_name_and_columns_in_any_order() -> None:
    """Catches values laid on rows although they are keyed by people."""
    by_name = kb.Diffusion(LINE, {"he": 3, "li": 1, "wu": None}, until=4)
    assert LINE.people([0, 1, 2]).tolist() == ["he", "li", "wu"]
    assert by_name.times.tolist()[:2] == [3.0, 1.0]
    table = pd.DataFrame({"age": [3.0, 1.0, 2.0]}, index=["wu", "he", "li"])
    d = kb.Diffusion(LINE, [1, None, 3], until=4, covariates=table)
    assert d.covariates["age"].tolist() == [1.0, 2.0, 3.0]
    counted = pd.DataFrame({"age": [3.0, 1.0, 2.0]})
    assert kb.Diffusion(LINE, [1, None, 3], covariates=counted).covariates["age"][0] == 3.0


def test_times_of_any_unit_become_periods() -> None:
    """Catches a period that begins too early, and dates taken for periods."""
    d = kb.Diffusion(RING, [0.5, 13.9, 14.0, np.nan], period=7.0)
    assert d.times.tolist()[:3] == [0.0, 1.0, 2.0] and d.periods == 3
    late = kb.Diffusion(RING, [100.5, 113.9, 114.0, np.nan], period=7.0, origin=100.0)
    assert late.times.tolist()[:3] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: kb.Diffusion(RING, [0, 1]), "times: not one value a person"),
        (lambda: kb.Diffusion(RING, 3), "times: not one value a person"),
        (lambda: kb.Diffusion(RING, [0, "soon", 1, 2]), "times: not a time"),
        (lambda: kb.Diffusion(RING, [True, False, True, True]), "times: yes or no"),
        (lambda: kb.Diffusion(RING, [0.5, 1, 2, 3]), "times: not a whole number of periods"),
        (lambda: kb.Diffusion(RING, np.array(["2026-01-01"] * 4, "M8[D]")), "times: dates"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 10**6]), "times: too many periods"),
        (lambda: kb.Diffusion(RING, [5, 6, 7, 8], until=3), "until: before the first period"),
        (lambda: kb.Diffusion(RING, [5, 6, 7, 8], until=[9, 9, 9]), "until: not one value"),
        (lambda: kb.Diffusion(RING, [5, 6, 7, 8], entered=[0.5] * 4), "entered: not whole"),
        (lambda: kb.Diffusion(RING, [5, 6, 7, 8], start=1.5), "start: "),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], seeds=[9]), "seeds"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], groups=["a", None, "b", "c"]), "groups: no"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], covariates=[1, 2, 3, 4]), "covariates: neither"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], covariates={"a": [1, np.nan, 2, 3]}),
         "covariates.a: no value for a person"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], covariates={"a": list("wxyz")},
                              treatments={"a": [0, 1, 0, 1]}), "treatments.a: a covariate too"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], kinds=["a", None, "b", "c"]), "kinds: no"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], kinds=list("aabb")).risk("c"), "kind: "),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3]).risk("c"), "kind: the record does not say"),
        (lambda: kb.Diffusion(RING, [0, 1, 2, 3], period=-1.0), "period"),
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(call: Any, says: str) -> None:
    """Catches what would be read in a wrong way, and an error of another class."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)
