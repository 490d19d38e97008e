"""Claims from end to end on a small market, and all that is refused before anything runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from koubei_sim.cli import main
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import parameter_table
from koubei_sim.studies.claims import claim, read_claim, read_verdict, verdicts, write_verdict
from koubei_sim.studies.claims.design import groups, identity, scaled_to
from koubei_sim.studies.claims.judge import _smaller
from koubei_sim.studies.claims.report import BEGIN, END

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = sorted((ROOT / "experiments").glob("*/claim.toml"))

TEXT = """
id = "T1"
title = "Advertising brings users"
statement = "A campaign brings more users."
source = "a test"
rng = 5
[market]
scenario = "tiny"
[market.set]
n_agents = 300
ticks = 25
[prior]
points = 16
replicates = 2
given = "all"
exclude = ["supply.*"]
[null]
off = ["learning", "media"]
[ladder]
modules = ["learning", "relays"]
replicates = 3
[stability]
agents = [300, 600]
worlds = [3, 2]
[arms.advertised]
media.account.channel = "weibo"
media.account.start = 2
media.account.visibility = 0.9
[arms.silent]
ticks = 25
[[tests]]
id = "users"
main = true
statement = "more users"
outcome = "users"
smallest = 0.1
claimed = "advertised"
[[tests]]
id = "reversed"
statement = "fewer users"
outcome = "users"
better = "less"
smallest = 0.1
claimed = "advertised"
[[tests]]
id = "nothing"
statement = "the same arm twice differs"
outcome = "adoptions"
smallest = 0.01
claimed = "one"
[tests.arms.one]
ticks = 25
[tests.arms.other]
ticks = 25
[[tests]]
id = "linear"
model = "branching"
statement = "head start"
outcome = "head_start"
effect = "difference"
smallest = 0.5
claimed = "pure"
[tests.arms.pure]
purity = 1.0
[tests.arms.mixed]
purity = 0.1
[tests.ranges]
persuasion = { low = 0.1, high = 0.3 }
"""


def made(folder: Path, text: str = TEXT) -> Path:
    """Write a claim and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "claim.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory):
    """The claim of `TEXT`, run once."""
    return claim(made(tmp_path_factory.mktemp("claims") / "T1"), workers=1)


def row(found, name: str) -> dict:
    """The row of one test."""
    return next(r for r in found.content["tests"] if r["id"] == name)


def test_verdicts_of_known_claims(found) -> None:
    """Catches verdicts that do not follow the effect of a strong campaign."""
    assert row(found, "users")["verdict"] == "supported" and row(found, "users")["confirmed"]
    assert row(found, "reversed")["verdict"] == "rejected"
    assert row(found, "users")["effect_median"] > 0.1
    assert found.content["failed"] == 0


def test_equal_arms_are_exactly_equal_and_said_to_be(found) -> None:
    """Catches luck that is not shared between arms, and a test that cannot fail left unmarked."""
    same = row(found, "nothing")
    assert same["effect_q05"] == same["effect_q95"] == 0.0
    assert same["verdict"] == "rejected" and "the same" in same["note"]
    assert "strata" not in same  # all worlds count here, whatever takes off


def test_the_same_numbers_by_hand(found) -> None:
    """Catches worlds with other parameters or luck than designed: one is built by hand."""
    from koubei_sim.metrics import measures
    from koubei_sim.runs.simulate import run
    from koubei_sim.studies.design.plan import point_key

    asked = found.claim
    group = groups(asked, "prior")[0]
    test = asked.main
    world = 3
    values = {}
    for name, arm in test.arms.items():
        planned = group.sweeps[identity(arm)]
        scenario = planned.scenario.replace(**planned.points.at(world))
        result = run(scenario, replicates=2, rng=point_key(asked.key, world))
        values[name] = measures(result, ["users"])["users"]
    ratio = np.log((values["advertised"] + 1) / (values["silent"] + 1)).mean()
    assert found.worlds["users"][world] == pytest.approx(np.expm1(ratio), rel=1e-12)


@pytest.mark.slow
def test_worlds_are_the_same_in_all_arms_and_levers_are_not_doubtful() -> None:
    """Catches a prior drawn anew for each arm, and a lever that the prior overwrites."""
    for path in CLAIMS:
        asked = _smaller(read_claim(path.parent))
        for phase in ("prior", "second", "null"):
            for group in groups(asked, phase):
                if group.absent:
                    continue
                levers = {p for test in group.tests for arm in test.arms.values() for p in arm}
                columns = [planned.points.columns for planned in group.sweeps.values()]
                assert not levers & {p for c in columns for p in c}
                shared = set.intersection(*(set(c) for c in columns))
                assert shared
                for column in shared:
                    assert all(c[column] == columns[0][column] for c in columns)


def test_the_null_model_switches_modules_off(tmp_path: Path) -> None:
    """Catches knock-outs that do nothing, that reach what the arms are about, or other worlds."""
    asked = read_claim(made(tmp_path / "T1"))
    (group,) = groups(asked, "null")
    path = next(
        r.path for r in parameter_table(asked.scenario) if r.path.endswith(".learn_quality")
    )
    arm = identity(asked.main.arms["advertised"])
    assert set(group.sweeps[arm].points.columns[path]) == {0.0}
    assert "media.account.visibility" not in group.sweeps[arm].points.columns
    assert group.worlds.columns == groups(asked, "prior")[0].worlds.columns
    silent = TEXT.replace('off = ["learning", "media"]', "")
    assert groups(read_claim(made(tmp_path / "T2", silent)), "null") == []


@pytest.mark.slow
def test_a_claim_that_holds_without_its_mechanism_is_wired(tmp_path: Path) -> None:
    """Catches a verdict that the null model does not touch: media stay on in it."""
    text = TEXT.replace('off = ["learning", "media"]', 'off = ["learning"]')
    found = claim(made(tmp_path / "T1", text.replace("points = 16", "points = 32")), workers=1)
    assert row(found, "users")["null"]["verdict"] == "supported"
    assert found.verdict == "wired"


def test_the_second_key_has_other_worlds(found) -> None:
    """Catches a confirmation on the worlds that chose."""
    asked = found.claim
    one, two = (groups(asked, phase)[0] for phase in ("prior", "second"))
    assert one.worlds.columns.keys() == two.worlds.columns.keys()
    assert one.worlds.columns != two.worlds.columns
    assert {planned.key for planned in two.sweeps.values()} == {asked.confirm}
    assert found.content["tests"][0]["second"]["worlds"] >= 10


@pytest.mark.slow
def test_replicates_are_added_until_luck_is_little(tmp_path: Path) -> None:
    """Catches verdicts on effects that are mostly luck, and a limit that is not kept."""
    text = TEXT.replace('outcome = "users"', 'outcome = "lapses"', 1)
    asked = made(tmp_path / "T1", text + "\n[decision]\nnoise = 0.0\nmost = 6\n")
    noisy = row(claim(asked, workers=1), "users")
    assert noisy["replicates"] == 6 and noisy["noise"] > 0.0
    quiet = made(tmp_path / "T2", text + "\n[decision]\nnoise = 1.0\nmost = 6\n")
    assert row(claim(quiet, workers=1), "users")["replicates"] == 2


def test_sizes_keep_what_is_counted_per_head() -> None:
    """Catches seeds that grow with the market, and a team that reads as much for ten times more."""
    base = read_claim(ROOT / "experiments" / "E1").scenario
    larger = scaled_to(base, 10 * base.n_agents)
    assert larger.n_agents == 10 * base.n_agents
    assert larger.seeding.number == base.seeding.number
    here, there = base.products["miui"], larger.products["miui"]
    assert there.scale_quality == pytest.approx(10 * here.scale_quality)
    forum = "forum"
    assert larger.channels[forum].service_capacity == 10 * base.channels[forum].service_capacity


def test_ladder_and_stability(found) -> None:
    """Catches rungs that are missing, and a ladder whose first row is not the whole."""
    ladder = found.content["ladder"]
    assert [r["module"] for r in ladder] == ["(none)", "learning", "relays"]
    sizes = found.content["stability"]
    assert [r["agents"] for r in sizes] == [300, 600] and sizes[0]["drawn"] <= 3
    assert all(r["low"] <= r["effect"] <= r["high"] for r in ladder)


def test_resumes_without_a_run_and_gives_the_same_bytes(found, tmp_path: Path) -> None:
    """Catches a finished claim that is run again, and verdicts that hang on backend or order."""
    told = []
    again = claim(found.claim.folder, workers=1, progress=told.append)
    assert again.content == found.content or json.dumps(
        again.content, sort_keys=True
    ) == json.dumps(found.content, sort_keys=True)
    assert all(now.seconds_left != now.seconds_left for now in told)  # nothing was run: unknown
    threads = claim(made(tmp_path / "T1"), workers=2)
    assert json.dumps(threads.content, sort_keys=True) == json.dumps(found.content, sort_keys=True)


def test_filing_a_verdict(found) -> None:
    """Catches a README that loses its own words, and a stale verdict passed off as fresh."""
    folder = found.claim.folder
    readme = folder / "README.md"
    readme.write_text(f"# T1\n\nbefore\n\n{BEGIN}\nstale words\n{END}\n\nafter\n", encoding="utf-8")
    write_verdict(found)
    text = readme.read_text(encoding="utf-8")
    assert "stale words" not in text and text.index("before") < text.index(BEGIN) < text.index(
        "after"
    )
    assert "| **more users**" in text
    first = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    write_verdict(found)
    assert first == {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    stored = read_verdict(folder)
    assert stored is not None and stored["verdict"] == found.verdict
    assert verdicts(folder.parent)[0]["state"] == "fresh"
    (folder / "claim.toml").write_text(TEXT + "\n", encoding="utf-8")
    assert verdicts(folder.parent)[0]["state"] == "stale"
    made(folder)


@pytest.mark.slow
def test_quick_runs_file_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a verdict over six worlds that is filed."""
    folder = made(tmp_path / "T1")
    assert main(["claim", str(folder), "--quick", "--workers", "1"]) == 0
    assert "nothing was filed" in capsys.readouterr().out
    assert not (folder / "verdict.json").exists()
    with pytest.raises(KoubeiError, match="quick"):
        write_verdict(claim(folder, quick=True, workers=1))


def test_command_writes_verdict_table_and_figure(found, capsys) -> None:
    """Catches a command that leaves a part out, and lines wider than a terminal."""
    folder = found.claim.folder
    assert main(["claim", str(folder), "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert all(len(line) < 80 for line in said.splitlines() if not line.startswith("written"))
    for name in ("verdict.json", "results.csv", "figure.png"):
        assert (folder / name).stat().st_size > 0
    assert main(["claims", str(folder.parent)]) == 0
    assert "T1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "T1"', "", "id: missing"),
        ("[market]", "[markt]", "unknown word.*try market"),
        ('scenario = "tiny"', 'scenario = "tyni"', "tiny"),
        ("ticks = 25\n[prior]", "tick = 25\n[prior]", "tick"),
        ("points = 16", "points = 1", "2 or more"),
        ("points = 16", 'points = "8"', "whole number"),
        ("points = 16", "points = 16\nspread = 0.5", "spread"),
        ('off = ["learning", "media"]', 'off = ["lerning"]', "try learning"),
        ('outcome = "users"', 'outcome = "user"', "try users"),
        ('outcome = "users"', 'outcome = "users@25"', "outside the run"),
        ('claimed = "advertised"', 'claimed = "advertized"', "try advertised"),
        ("main = true", "main = false", "exactly one must be the main one"),
        ("smallest = 0.1\n", "", "smallest"),
        ('better = "less"', 'better = "fewer"', "allowed 'more', 'less'"),
        (
            "media.account.visibility = 0.9",
            "media.account.vizibility = 0.9",
            "arm advertised.*visibility",
        ),
        ("media.account.visibility = 0.9", "media.account.visibility = -1", "arm advertised"),
        ('outcome = "head_start"', 'outcome = "headstart"', "no outcome of branching"),
        ("purity = 1.0", "purity = 1.5", "out of range"),
        ("persuasion = {", "persuation = {", "try persuasion"),
        ('model = "branching"', 'model = "branch"', "try branching"),
        ('given = "all"', 'given = "some"', "'take_off', 'all'"),
        ("agents = [300, 600]", "agents = [300]", "as many worlds"),
        ("agents = [300, 600]", "agents = [300, 300]", "stands there twice"),
        ("main = true", 'main = "false"', "true or false"),
        ('exclude = ["supply.*"]', 'exclude = ["suply.*"]', "matches no parameter"),
        ("low = 0.1, high = 0.3", "low = 0.3, high = 0.1", "below the high one"),
        ("low = 0.1, high = 0.3", "low = 0.1", "not a range"),
        ("[tests.ranges]", "[tests.ranges]\npurity = { low = 0.1, high = 0.3 }", "set by the arm"),
        ('better = "less"', "against = []", "names no arm"),
    ],
)
def test_wrong_claims_are_refused_before_anything_runs(
    tmp_path: Path, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a wrong claim that is run, or a message that does not say what is wrong."""
    assert old in TEXT
    folder = made(tmp_path / "T1", TEXT.replace(old, new, 1))
    assert main(["claim", str(folder)]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert re.search(said, error), error
    assert [p.name for p in folder.iterdir()] == ["claim.toml"]


def test_ranges_of_ones_own_are_checked(tmp_path: Path) -> None:
    """Catches a range for a lever, or for nothing."""
    more = 'given = "all"\nranges = {{ "{}" = {{ low = 10, high = 20 }} }}'
    for name, said in (("telling.rely", "no parameter"), ("ticks", "is a lever")):
        with pytest.raises(KoubeiError, match=said):
            claim(made(tmp_path / name, TEXT.replace('given = "all"', more.format(name))))


def test_a_market_may_have_entries_that_its_preset_lacks(tmp_path: Path) -> None:
    """Catches a new event refused where it is given line by line, or one that lacks its channel."""
    new = '[market.set."events.gala"]\nchannel = "forum"\nstart = 3\ngain = 0.5\n[prior]'
    asked = read_claim(made(tmp_path / "new", TEXT.replace("[prior]", new, 1)))
    assert asked.scenario.events["gala"].gain == 0.5
    wrong = new.replace('channel = "forum"\n', "")
    with pytest.raises(KoubeiError, match=r"events\.gala\.channel"):
        read_claim(made(tmp_path / "wrong", TEXT.replace("[prior]", wrong, 1)))


def test_no_claim_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a traceback for a folder without a claim."""
    assert main(["claim", str(tmp_path)]) == 2
    assert main(["claims", str(tmp_path)]) == 2
    assert all(line.startswith("koubei: ") for line in capsys.readouterr().err.splitlines())


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.parent.name)
def test_shipped_verdicts_are_those_of_their_claims(path: Path) -> None:
    """Catches a claim file that was changed after it was judged."""
    asked = read_claim(path.parent)
    stored = read_verdict(path.parent)
    assert stored is not None, "run: make experiments"
    assert stored["claim"] == asked.digest, "run: make experiments"
    assert not stored["quick"]
    readme = (path.parent / "README.md").read_text(encoding="utf-8")
    assert BEGIN in readme and "Verdict: " in readme


def test_a_script_judges_but_does_not_name_the_claim(tmp_path: Path) -> None:
    """Catches a script whose words replace the digest of the claim file, or that says nothing."""
    folder = made(tmp_path / "S1", TEXT.split("[market]", maxsplit=1)[0] + 'script = "run.py"\n')
    script = folder / "run.py"
    said = '{"verdict": "rejected", "tests": [{"id": "a", "main": True}], "claim": "another"}'
    script.write_text(f"def run(quick, outputs):\n    return {said}\n", encoding="utf-8")
    found = claim(folder)
    assert found.verdict == "rejected"
    assert found.content["claim"] == found.claim.digest
    script.write_text("def run(quick, outputs):\n    return {}\n", encoding="utf-8")
    with pytest.raises(KoubeiError, match="gave back no verdict"):
        claim(folder)
    script.write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(KoubeiError, match="has no function run"):
        claim(folder)
    script.unlink()
    with pytest.raises(KoubeiError, match="no such file"):
        claim(folder)
