"""What an independent reading of the room found wrong in models and worlds, each now a test.

Catches: words of a trait that change their meaning in a record that lacks one; traits that differ
between groups only; products played as if everybody took them; roots that hang on a sign; a base
hazard for each of many empty periods that takes from ties what is theirs; wrong words at doors.
"""

from __future__ import annotations

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence import effects
from koubei_sim.evidence.design import model_of
from koubei_sim.evidence.worlds import as_record, simulate, truth

RING = kb.Network.from_edges(range(60), [*range(1, 60), 0])


def ring(**more: object) -> kb.Diffusion:
    times = [None if i % 3 == 0 else i % 7 for i in range(60)]
    return kb.Diffusion(RING, times, until=7, start=0, groups=[i // 20 for i in range(60)], **more)


def test_words_keep_their_meaning_in_a_record_that_lacks_the_first() -> None:
    d = ring(covariates={"town": ["abc"[i % 3] for i in range(60)]})
    model = model_of(d, "constant + town")
    only = np.flatnonzero(np.arange(60) % 3 > 0)  # nobody of town a
    found = model.traits(d.people(only)) + model.centres
    assert np.array_equal(found[:, 0], only % 3 == 1) and np.array_equal(found[:, 1], only % 3 == 2)


def test_a_trait_of_villages_is_judged_by_village() -> None:
    d = ring(covariates={"far": [float(i // 20) for i in range(60)]})
    found = kb.judge(d, "calendar + far + ties(share)", rivals=[], rng=1)
    assert np.isfinite(found.table().loc["calendar + far + ties(share)", "gain"])


def test_products_are_not_played() -> None:
    d = ring(kinds=["A" if i % 2 else "B" for i in range(60)])
    fit = kb.hazard(d, "constant + ties(share, of=A)")
    for refused in (
        lambda: fit.simulate(rng=1),
        lambda: kb.hazard(d, "constant + ties(share)", kind="A").simulate(rng=1),
        lambda: kb.power(d, "constant + ties(share, of=A)", {"ties": 0.1}, worlds=2, rng=1),
    ):
        with pytest.raises(KoubeiError, match="products are estimated, not played"):
            refused()
    model, values = truth(d, "constant", {"constant": 0.1})
    assert as_record(d, simulate(model, values, d, 1)[0]).kind is None


def test_parameters_drawn_do_not_hang_on_signs_of_eigenvectors(monkeypatch) -> None:
    fit = kb.hazard(ring(), "calendar + crowd + ties(share)")
    plain = effects.drawn_values(fit, 5, 1, 0)
    eigh = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda a: (eigh(a)[0], -eigh(a)[1]))
    np.testing.assert_allclose(effects.drawn_values(fit, 5, 1, 0), plain, rtol=1e-12)


def test_periods_that_share_a_base_hazard_leave_ties_their_weight() -> None:
    """Catches a width that is read and not used: few adoptions a base hazard bend b down."""
    net = kb.networks.watts_strogatz(300, 8, 0.1, key=1)
    empty = kb.Diffusion(net, [None] * 300, until=199, start=0)
    model, values = truth(empty, "constant + ties(share)", {"constant": 0.003, "ties(share)": 0.02})
    fine, wide = [], []
    for at in simulate(model, values, empty, 5, 20):
        d = as_record(empty, at)
        fine.append(kb.hazard(d, "calendar(width=4) + ties(share)").value("ties(share)"))
        wide.append(kb.hazard(d, "calendar(width=40) + ties(share)").value("ties(share)"))
    assert np.mean(fine) < 0.85 * np.mean(wide) and abs(np.mean(wide) - 0.02) < 0.003
    fit = kb.hazard(d, "calendar(width=40) + ties(share)")
    assert fit.names[:2] == ("calendar[0]", "calendar[40]") and len(fit.names) == 6
    assert "adoptions a base hazard" in " ".join(
        repr(kb.hazard(d, "calendar(width=4) + ties(share)")).split()
    )
    assert "adoptions a base hazard" not in " ".join(repr(fit).split())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda d: kb.evidence.thresholds(d, "ties(share, fading=?)"), "estimated by kb.hazard"),
        (
            lambda d: kb.Diffusion(
                kb.TemporalNetwork.from_contacts([0], [1], [8.0], n=2), [1.0, 9.0], period=7
            ),
            "contacts have times of their own",
        ),
        (lambda d: kb.evidence.thresholds(d, "crowd", together=True), "oneself is in the crowd"),
        (
            lambda d: kb.experiment(d, ("constant + ties", {"constant": -0.1}), {"q": 2}, rng=1),
            "values.constant: below nothing",
        ),
        (lambda d: truth(d, "constant", {"constant": float("nan")}), "values.constant"),
        (lambda d: truth(d, "constant + ties", {"constant": "x"}), "values.constant: not a number"),
        (lambda d: truth(d, "calendar", {"calendar": [0.1, 0.2]}), "not a number a period"),
        (lambda d: truth(d, "constant + groups(random)", {"constant": 0.1}), "not given"),
        (lambda d: kb.judge(d, controls=5), "controls: not a list of words"),
        (lambda d: kb.judge(d, rivals=5), "rivals: not a list of words"),
        (lambda d: kb.hazard(d, "constant").predict(5), "record: not a Diffusion"),
        (lambda d: kb.hazard(d, "constant").simulate(5), "record: not a Diffusion"),
        (lambda d: kb.experiment(RING, kb.Bass(0.01, 0.1), {"q": 2}, assign=5), "assign: not a"),
        (lambda d: kb.experiment(RING, kb.Bass(0.01, 0.1), {"q": 2}, seen=5), "seen: not words"),
        (
            lambda d: kb.experiment(RING, kb.Bass(0.01, 0.1), {"q": 2}, estimators=None),
            "estimators: not a list of words",
        ),
        (
            lambda d: kb.experiment(d, kb.hazard(d, "constant + ties + groups(random)"), {"q": 2}),
            "effects of groups are not played",
        ),
    ],
)
def test_wrong_words_end_in_one_line(call, says) -> None:
    with pytest.raises(KoubeiError, match=says):
        call(ring())


def test_a_lag_beyond_the_record_is_never_felt() -> None:
    """Catches a loop over each of so many periods."""
    push = model_of(ring(), "constant + ties(share, lag=1000000000)").pushes(ring())[0]
    assert not push.along(ring().at, ring().periods).any()
