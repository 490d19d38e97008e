"""Terms of formulas: how they are read, and exposures against plain loops over people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evidence.twin import Given, drawn

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import exposures, model_of, rows_of
from koubei_sim.evidence.terms import parsed

LAWS: list[dict[str, Any]] = [
    {}, {"lag": 2}, {"lag": 3, "fading": 0.5}, {"fading": 0.0}, {"fading": 0.8},
    {"window": 1}, {"window": 2, "lag": 2}, {"of": "red"}, {"of": "blue", "fading": 0.5},
]  # fmt: skip


def written(name: str, word: str, options: dict[str, Any]) -> str:
    inside = [word, *(f"{key}={value}" for key, value in options.items())]
    return f"{name}({', '.join(inside)})"


def worst(one: Given, formula: str, by_hand: Any) -> float:
    """The largest difference to the loops, over people still at risk or not yet adopted."""
    d = one.make()
    found = exposures(model_of(d, f"constant + {formula}"), d)[:, :, 0]
    gap = 0.0
    for i in range(one.n):
        when = one.when(i)
        for k in range(d.periods):
            if when is None or when >= k + one.start:
                gap = max(gap, abs(found[i, k] - by_hand(i, k + one.start)))
    return gap


@given(st.integers(0, 10_000), st.sampled_from(LAWS), st.sampled_from(["share", "count", "any"]),
       st.sampled_from(["named", "naming", "both"]), st.booleans())  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_exposure_to_ties_is_that_of_plain_loops(
    number: int, law: dict[str, Any], measure: str, side: str, contacts: bool
) -> None:
    """Catches a lag off by one, a fading that starts late, the wrong side, a share over others."""
    if measure == "any" and law.get("fading", 1.0) < 1.0:
        law = {}
    one = drawn(number, contacts=contacts)
    formula = written("ties", measure, {**law, "side": side})
    assert worst(one, formula, lambda i, t: one.ties(i, t, measure, side, **law)) < 1e-12


@given(st.integers(0, 10_000), st.sampled_from(LAWS), st.sampled_from(["share", "count"]))
@settings(max_examples=40, deadline=None)
def test_exposure_to_the_crowd_is_that_of_plain_loops(
    number: int, law: dict[str, Any], measure: str
) -> None:
    """Catches oneself counted among the others, and groups mixed up."""
    one = drawn(number)
    formula = written("crowd", measure, law)
    assert worst(one, formula, lambda i, t: one.crowd(i, t, measure, **law)) < 1e-12


def test_a_wave_is_a_crowd_that_fades() -> None:
    """Catches another fading than one half where none is given."""
    one = drawn(3)
    assert worst(one, "wave", lambda i, t: one.crowd(i, t, fading=0.5)) < 1e-12
    named = "wave(count, fading=.2)"
    assert worst(one, named, lambda i, t: one.crowd(i, t, "count", fading=0.2)) < 1e-12


def test_weights_and_layers() -> None:
    """Catches weights that are not looked at, and the union in place of a layer."""
    trade = kb.Network.from_edges([0, 1], [2, 2], 3, weight=[3.0, 1.0])
    talk = kb.Network.from_edges([1], [2], 3)
    both = kb.Network.stack({"trade": trade, "talk": talk})
    d = kb.Diffusion(both, [0, None, None], until=2)

    def last(formula: str) -> float:
        return float(exposures(model_of(d, f"constant + {formula}"), d)[2, 1, 0])

    assert last("ties(share)") == pytest.approx(1 / 3)  # an arc of each layer counts, as in Bass
    assert last("ties(share, layer=talk)") == 0.0
    assert last("ties(share, layer=trade)") == 0.5
    assert last("ties(share, layer=trade, weighted=yes)") == 0.75
    assert last("ties(count, layer=trade, weighted=yes)") == 3.0


@pytest.mark.parametrize("side", ["named", "naming", "both"])
def test_degree_counts_ties_of_a_side(side: str) -> None:
    """Catches the arcs out for the arcs in, and a tie both ways counted twice."""
    one = drawn(5)
    d = one.make()
    model = model_of(d, f"constant + degree(count, side={side})")
    by_hand = [len(one.listens(i, 0, side)) for i in range(one.n)]
    assert np.allclose(model.traits(d)[:, 0] + model.centres[0], by_hand)
    logs = model_of(d, f"constant + degree(side={side})")
    assert np.allclose(logs.traits(d)[:, 0] + logs.centres[0], np.log1p(by_hand))


def test_words_become_columns_and_are_found_again_elsewhere() -> None:
    """Catches levels that change places on a record in which some are missing."""
    ring = kb.networks.ring(6, 2)
    city = ["a", "b", "c", "c", "b", "a"]
    d = kb.Diffusion(ring, [0, 1, None, 2, None, None], until=3, covariates={"city": city})
    model = model_of(d, "constant + city")
    assert model.names == ("constant", "city[b]", "city[c]")
    assert np.allclose(model.centres, 1 / 3)
    less = d.people([0, 2, 3])
    assert np.allclose(model.traits(less) + 1 / 3, [[0, 0], [0, 1], [0, 1]])
    assert rows_of(model, less)[0].traits.shape[1] == 2


def test_groups_may_be_traits() -> None:
    """Catches a group whose column is that of another."""
    d = kb.Diffusion(kb.networks.ring(6, 2), [0, 1, None, 2, None, None], until=3,
                     groups=["x", "x", "y", "y", "z", "z"])  # fmt: skip
    model = model_of(d, "constant + groups")
    assert model.names[1:] == ("groups[y]", "groups[z]")
    assert (model.traits(d) + model.centres)[2].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("", "formula: not text"),
        (3, "formula: not text"),
        ("calendar + ties(", "formula: no term"),
        ("calendar * crowd", "formula: no term"),
        ("calendar + calendar", "formula: a term twice"),
        ("calendar + constant", "formula: calendar and constant"),
        ("calendar + ties(share, count)", "formula.ties: two words"),
        ("calendar + ties(most)", "formula.ties: "),
        ("calendar + ties(lag=x)", "formula.ties.lag: not a number"),
        ("calendar + ties(lag=0)", "formula.ties.lag: "),
        ("calendar + ties(lag=1.5)", "formula.ties.lag: "),
        ("calendar + ties(fading=2)", "formula.ties.fading: "),
        ("calendar + ties(fading=.5, window=2)", "formula.ties: window and fading"),
        ("calendar + ties(colour=2)", "formula.ties: "),
        ("calendar + ties(side=left)", "formula.ties.side: "),
        ("calendar + ties(weighted=perhaps)", "formula.ties.weighted: "),
        ("calendar + age(log)", "formula.age: takes no word"),
        ("calendar + wealth", "formula: unknown term"),
        ("calendar + treatments", "formula: the record has no treatments"),
        ("calendar + age + covariates", "formula: a trait twice"),
        ("calendar + same", "formula.same: the same for everybody"),
        ("calendar + word", "formula.word: the same for everybody"),
        ("age", "formula: nothing that makes anybody adopt"),
        ("calendar + ties(of=red)", "kind: the record does not say what was adopted"),
        ("calendar + ties(fading=?) + crowd(fading=?)", "formula: several fadings"),
    ],
)
def test_what_is_no_formula_is_refused(formula: Any, says: str) -> None:
    """Catches a formula that is read as something else, or an error of another class."""
    ring = kb.networks.ring(4, 2)
    table = {"age": [1.0, 2.0, 3.0, 4.0]}
    if isinstance(formula, str) and ("same" in formula or "word" in formula):
        table |= {"same": [1.0] * 4, "word": ["a"] * 4}
    d = kb.Diffusion(ring, [0, 1, None, None], until=3, covariates=table)
    with pytest.raises(KoubeiError) as caught:
        kb.hazard(d, formula)
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


def test_contacts_have_neither_layers_nor_weights() -> None:
    """Catches a wish that is silently not met."""
    d = drawn(1, contacts=True).make()
    for wish in ("layer=a", "weighted=yes"):
        with pytest.raises(KoubeiError, match="neither layers nor weights"):
            kb.hazard(d, f"calendar + ties({wish})")


def test_a_mutual_contact_is_one_contact() -> None:
    """Catches a contact counted from both ends where either end will do."""
    net = kb.TemporalNetwork.from_contacts([0, 2], [1, 1], [1.0, 1.5], n=3, directed=False)
    d = kb.Diffusion(net, [0, None, None], until=2, start=0)
    for side in ("named", "naming", "both"):
        found = exposures(model_of(d, f"constant + ties(count, side={side})"), d)
        assert found[1, :, 0].tolist() == [0.0, 1.0, 0.0]


def test_a_formula_is_written_as_it_was_read() -> None:
    """Catches a term whose text cannot be read again."""
    text = "calendar + ties(share, lag=2, fading=0.5, side=both) + crowd + degree(count)"
    once = " + ".join(map(str, parsed(text)))
    assert once == text and " + ".join(map(str, parsed(once))) == once
