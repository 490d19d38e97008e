"""Functions of a user's own in calibrations, in claims, and from modules of the user's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import users
from koubei_sim.studies.calibration import RuleTarget, Target, calibrate, fit_rule
from koubei_sim.studies.claims import claim_file, read_claim, write_verdict
from koubei_sim.studies.claims.design import Found
from koubei_sim.studies.claims.own import loaded
from koubei_sim.studies.claims.rows import effects_of
from koubei_sim.studies.design.functions import digest_of

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


# ---------------------------------------------------------------- claims

CLAIM = """
id = "F1"
title = "Advertising brings users"
statement = "A campaign brings more users."
source = "a test"
rng = 5
[market]
scenario = "tiny"
[market.set]
n_agents = 200
ticks = 12
[prior]
points = 5
replicates = 1
given = "all"
exclude = ["supply.*"]
[decision]
most = 1
[arms.advertised]
media.account.channel = "weibo"
media.account.start = 2
media.account.visibility = 0.9
[arms.silent]
ticks = 12
[[tests]]
id = "users"
main = true
statement = "more users"
outcome = "OUTCOME"
smallest = 0.1
claimed = "advertised"
effect = "difference"
[ladder]
modules = ["relays"]
replicates = 1
"""
MEASURES = """
from pathlib import Path

Path(__file__).with_name("was run").touch()


def last_users(result):
    return float(result.data.users[0, -1])
"""


def claim_in(folder: Path, outcome: str, measures: str = "", effect: str = "difference") -> Path:
    """A claim with this outcome, and a file beside it."""
    folder.mkdir()
    text = CLAIM.replace("OUTCOME", outcome).replace('"difference"', f'"{effect}"')
    (folder / "claim.toml").write_text(text, encoding="utf-8")
    if measures:
        (folder / "measures.py").write_text(measures, encoding="utf-8")
    return folder


def test_a_claim_measures_functions(tmp_path: Path) -> None:
    """Catches a function that measures another run, or a file run when a claim is only read."""
    plain = kb.claim(claim_in(tmp_path / "plain", "users"), workers=1)
    folder = claim_in(tmp_path / "file", "measures.py:last_users", MEASURES)
    asked = read_claim(folder)
    assert not (folder / "was run").exists() and asked.digest != plain.claim.digest
    filed = kb.claim(asked, workers=1)
    assert (folder / "was run").exists()
    own = {"last": lambda result: float(result.data.users[0, -1])}
    handed = kb.claim(claim_in(tmp_path / "handed", "last"), outcomes=own, workers=1)
    worlds = plain.worlds["users"].tolist()
    assert max(worlds) > 1.0
    assert filed.worlds["users"].tolist() == handed.worlds["users"].tolist() == worlds
    assert filed.content["ladder"] == handed.content["ladder"] == plain.content["ladder"]
    assert filed.content["tests"][0]["outcome"] == "last_users"
    assert [path.name for path in write_verdict(filed)] == ["verdict.json", "results.csv"]
    with pytest.raises(KoubeiError, match=r"its folder does not hold: .* got last, try a file"):
        write_verdict(handed)
    page = handed.to_html()
    assert "outcomes={" in page and "koubei claim" not in page

    (folder / "measures.py").write_text(MEASURES + "\n", encoding="utf-8")
    assert read_claim(folder).digest != asked.digest, "a verdict of other code is stale"
    (folder / "measures.py").write_text(MEASURES.replace("-1", "3"), encoding="utf-8")
    other = loaded(folder, {"users": "measures.py:last_users"}, {})[1]["last_users"]
    assert digest_of(other) not in ("", digest_of(filed.claim.functions["last_users"]))


@pytest.mark.parametrize(
    ("outcome", "measures", "said"),
    [
        ("measures.py:last", "", "tests.users: outcome: no such file, got measures.py"),
        ("measures.py:last", MEASURES, "has no function of that name, got last"),
        ("measures.py:last", "import nothing_here", "cannot be run .ModuleNotFoundError: No mod"),
        (
            "measures.py:users",
            "def users(r): return 1.0",
            "under a name that is taken, got 'users'",
        ),
        ("measures.py:last", "def last(a, b, c): return 1.0", "takes neither a result nor"),
        ("../measures.py:last_users", MEASURES, "tests.users: outcome: "),
        ("last", MEASURES, "tests.users: outcome: "),
    ],
)
def test_claims_with_wrong_functions_are_refused(
    tmp_path: Path, outcome: str, measures: str, said: str
) -> None:
    """Catches a claim with a function that is not there, or not in its folder, found out late."""
    folder = claim_in(tmp_path / "claim", outcome, measures)
    (tmp_path / "measures.py").write_text(MEASURES, encoding="utf-8")  # not in the folder
    with pytest.raises(KoubeiError, match=said) as error:
        kb.claim(folder, workers=1)
    assert "\n" not in str(error.value) and not (folder / "outputs").exists()


@pytest.mark.parametrize(
    ("gives", "error", "said"),
    [
        ("1 / 0", ZeroDivisionError, "division by zero"),
        ("None", KoubeiError, "gave no number, got None"),
        ("'many'", KoubeiError, "gave no number, got .many."),
        ("result.data.users.values[0]", KoubeiError, "gave no number, got array"),
    ],
)
def test_a_function_that_fails_ends_its_claim(
    tmp_path: Path, gives: str, error: type[Exception], said: str
) -> None:
    """Catches a verdict, which can be filed, made of runs that all failed."""
    measures = f"def last(result):\n    return {gives}\n"
    folder = claim_in(tmp_path / "claim", "measures.py:last", measures)
    with pytest.raises(error, match=said):
        kb.claim(folder, workers=1)


def test_a_verdict_without_a_world_is_not_filed(tmp_path: Path) -> None:
    """Catches a verdict on nothing: a function that never has a number."""
    measures = "def last(result):\n    return float('nan')\n"
    found = kb.claim(claim_in(tmp_path / "claim", "measures.py:last", measures), workers=1)
    assert found.content["tests"][0]["worlds"] == 0
    with pytest.raises(KoubeiError, match="no world counts: no verdict to be filed, got 5 worlds"):
        write_verdict(found)
    assert not (tmp_path / "claim" / "verdict.json").exists()


@pytest.mark.parametrize(("gives", "got"), [("0.0", "0"), ("-1.0 - result.replicates", "-2")])
def test_ratios_of_what_is_not_above_0_are_refused(tmp_path: Path, gives: str, got: str) -> None:
    """Catches 0 against 0 taken for "no effect", and worlds below 0 that vanish."""
    measures = f"def last(result):\n    return {gives}\n"
    folder = claim_in(tmp_path / "claim", "measures.py:last", measures, "ratio")
    said = f"tests.users: effect: a ratio, but last is 0 or below in a run, got {got}, try effect"
    with pytest.raises(KoubeiError, match=said):
        kb.claim(folder, workers=1)


def test_only_pairs_that_count_make_ratios() -> None:
    """Catches a claim that is refused for a 0 in a run that died, which counts nowhere."""
    values = {"a": np.array([[2.0, 0.0]]), "b": np.array([[1.0, 3.0]])}
    test = claim_file.Test.model_construct(
        id="t", outcome="last", claimed="a", against=("b",), effect="ratio", better="more",
        model="pyramid",
    )  # fmt: skip
    taken = {"a": np.array([[1.0, 0.0]]), "b": np.ones((1, 2))}
    assert effects_of(test, Found(values, taken, {}), "take_off").effect == pytest.approx([1.0])
    with pytest.raises(KoubeiError, match="last is 0 or below in a run"):
        effects_of(test, Found(values, taken, {}), "all")


USING = """
from __future__ import annotations
from dataclasses import dataclass
import own_helper

@dataclass
class Level:
    of_users: float

def last(result):
    return Level(own_helper.FACTOR).of_users * own_helper.of(result)
"""


def test_a_claim_uses_the_files_beside_it(tmp_path: Path) -> None:
    """Catches a dataclass or an import that stops a file, and a helper taken from elsewhere."""
    found = []
    for factor in (1.0, 2.0):  # the same names and sizes, within a second
        folder = claim_in(tmp_path / str(factor), "measures.py:last", USING)
        helper = f"import own_deeper\nFACTOR = {factor}\ndef of(r): return own_deeper.of(r)\n"
        (folder / "own_helper.py").write_text(helper)
        deeper = "def of(result): return float(result.data.users[0, -1])\n"
        (folder / "own_deeper.py").write_text(deeper)
        found.append(kb.claim(folder, workers=1))
        assert not {"own_helper", "own_deeper", "claim_measures"} & set(sys.modules)
        assert not list(folder.glob("__pycache__"))
    one, two = (each.worlds["users"] for each in found)
    assert one.max() > 1.0 and two.tolist() == (2.0 * one).tolist()
    for name in ("own_helper.py", "own_deeper.py"):
        before = read_claim(folder).digest
        (folder / name).write_text((folder / name).read_text() + "\n")
        assert read_claim(folder).digest != before, f"{name} is part of the claim"


@pytest.mark.parametrize("known", [True, False])
def test_a_claim_uses_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Catches a verdict that is fresh although a module outside of its folder has changed."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "own_outer.py").write_text("def k(r): return 1.0\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "lib"), *sys.path] if known else sys.path[:])
    adds = "" if known else f"import sys\nsys.path.insert(0, {str(tmp_path / 'lib')!r})\n"
    measures = f"{adds}def last(r):\n    import own_outer\n    return own_outer.k(r)\n"
    folder = claim_in(tmp_path / "claim", "measures.py:last", measures)
    said = "imports what is neither a library nor a file beside it, got own_outer, try a copy"
    with pytest.raises(KoubeiError, match=said):
        read_claim(folder) if known else kb.claim(folder, workers=1)
    (folder / "json.py").write_text("")
    (folder / "measures.py").write_text("import json\ndef last(r): return 1.0\n")
    with pytest.raises(KoubeiError, match="has the name of a library, try another name"):
        read_claim(folder)


def test_functions_that_are_handed_over_are_checked(tmp_path: Path) -> None:
    """Catches a function that nothing measures, handed over and never called."""
    folder = claim_in(tmp_path / "claim", "users")
    with pytest.raises(KoubeiError, match="outcomes: no test measures it, got last, allowed users"):
        kb.claim(folder, outcomes={"last": lambda r: 1.0})
    with pytest.raises(KoubeiError, match="outcomes: not functions by name, got 'last'"):
        kb.claim(folder, outcomes="last")  # type: ignore[arg-type]
