"""Functions of a user's own in calibrations, in claims, and from modules of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import users
from koubei_sim.studies.calibration import RuleTarget, Target, calibrate, fit_rule

BASS = kb.Scenario.load("bass").replace(n_agents=200, ticks=31, **{"seeding.number": 10})
RANGES = {
    "media.advertising.persuasion": (0.001, 0.02, "log"),
    "channels.market.persuasion": (0.01, 0.3, "log"),
}
FIT: dict[str, Any] = {"particles": 5, "simulations": 12, "generations": 2, "rng": 7, "workers": 1}


# ---------------------------------------------------------------- calibrations


def targets(*functions: Any) -> list[Target]:
    """Two numbers, each with its function."""
    return [
        Target(f"u{k}", value, 0.1, one, "macro-face")
        for k, (value, one) in enumerate(zip((40.0, 80.0), functions, strict=True))
    ]


@pytest.mark.parametrize("backend", ["threads", pytest.param("loky", marks=pytest.mark.slow)])
def test_a_calibration_takes_functions_on_every_backend(backend: str) -> None:
    """Catches functions refused for processes, other luck there, or columns that change places."""
    asked = targets(lambda r: float(r.data.users[0, 20]), lambda h, s: float(users(h)[30]))
    made = calibrate(BASS, asked, RANGES, backend=backend, **FIT)  # type: ignore[arg-type]
    named = calibrate(BASS, targets("users@20", "users@30"), RANGES, **FIT)
    assert made.posterior.to_csv() == named.posterior.to_csv()
    assert made.predictive(4).values.tolist() == named.predictive(4).values.tolist()


def test_another_function_of_the_same_name_is_another_calibration(tmp_path: Path) -> None:
    """Catches numbers of one function given out as those of another, from a folder."""

    def of(day: int) -> list[Target]:
        return targets("users@10", lambda h, s: float(users(h)[day]))

    first = calibrate(BASS, of(30), RANGES, out=tmp_path / "c", **FIT)
    again = calibrate(BASS, of(30), RANGES, out=tmp_path / "c", **FIT)
    assert first.posterior.to_csv() == again.posterior.to_csv()
    with pytest.raises(KoubeiError, match="holds a calibration with another targets"):
        calibrate(BASS, of(29), RANGES, out=tmp_path / "c", **FIT)

    class Counting:
        def __call__(self, result: Any) -> float:
            return 1.0

    said = r"targets.u1.statistic: a function that a folder could not tell from another one, got u1"
    with pytest.raises(KoubeiError, match=said):
        calibrate(BASS, targets("users@10", Counting()), RANGES, out=tmp_path / "d", **FIT)
    assert not (tmp_path / "d").exists()


def test_a_rule_in_a_folder_knows_its_functions(tmp_path: Path) -> None:
    """Catches runs of a rule whose statistic was changed, taken from the folder as they were."""
    line = kb.Network.from_edges(range(9), range(1, 10), directed=False)

    def fit(power: float) -> Any:
        of = RuleTarget("size", 5.0, 0.2, lambda found: found.outcome.sizes**power)
        return fit_rule(
            line, kb.IndependentCascade(0.5), [4], [of], {"p": (0.1, 0.9)},
            particles=4, simulations=8, replicates=2, rng=3, out=tmp_path,
        )  # fmt: skip

    fit(1.0)
    with pytest.raises(KoubeiError, match="another targets"):
        fit(1.1)


def test_faults_of_functions_are_told_in_one_line() -> None:
    """Catches a function that fails taken for a point without numbers, or found out too late."""

    def fails(result: Any) -> float:
        raise ZeroDivisionError("of my own")

    with pytest.raises(ZeroDivisionError, match="of my own"):
        calibrate(BASS, targets("users@10", fails), RANGES, **FIT)
    said = r"targets.u.statistic: takes neither a result nor history and scenario"
    with pytest.raises(KoubeiError, match=said):
        Target("u", 1.0, 0.1, lambda a, b, c: 1.0, "macro-face")
