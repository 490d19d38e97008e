"""``koubei judge`` and ``koubei hazard``: files in, tables out, refusals in one line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len

import koubei_sim as kb
from koubei_sim.cli import main


@pytest.fixture
def call(capsys, monkeypatch):
    """Run the command line in this process; returns (status, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object):
        status = main([str(word) for word in words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


@pytest.fixture
def files(tmp_path):
    """Ties and people of three villages, as a survey writes them."""
    rng = np.random.default_rng(8)
    names = [f"P{k:02d}" for k in range(60)]
    ties = [(names[a], names[20 * (a // 20) + b]) for a in range(60)
            for b in rng.choice(20, 3, replace=False) if a % 20 != b]  # fmt: skip
    pd.DataFrame(ties, columns=["ego", "alter"]).to_csv(tmp_path / "ties.csv", index=False)
    when = np.where(rng.random(60) < 0.7, rng.integers(1963, 1971, 60).astype(float), np.nan)
    people = pd.DataFrame({
        "person": names, "year": when, "village": [f"村{k // 20}" for k in range(60)],
        "age": rng.integers(20, 50, 60), "note": ["x, y"] * 60,
    }).sample(frac=1.0, random_state=1)  # fmt: skip
    people.to_csv(tmp_path / "people.csv", index=False, na_rep="NA")
    return tmp_path / "ties.csv", tmp_path / "people.csv"


KNOWN = ("--time", "year", "--groups", "village")


def test_hazard_is_that_of_the_library(call, files):
    """Catches options that do not reach the reader or the estimate."""
    status, out, err = call("hazard", *files, *KNOWN, "--covariates", "age", "--until", "1972",
                            "--formula", "calendar + age + ties(share)", "--json")  # fmt: skip
    assert (status, err) == (0, ""), err
    found = json.loads(out)
    d = kb.read_diffusion(*files, time="year", groups="village", covariates="age", until=1972)
    fit = kb.hazard(d, "calendar + age + ties(share)")
    assert found["loglik"] == pytest.approx(fit.loglik)
    assert [row["term"] for row in found["terms"]] == ["ties(share)", "age"]
    assert found["terms"][1]["estimate"] == pytest.approx(fit.value("age"))
    assert "A named B" in found["notes"]
    status, out, _ = call("hazard", *files, *KNOWN)
    assert status == 0 and "ties(share)" in out


def test_judge_is_that_of_the_library(call, files, tmp_path):
    """Catches options that do not reach the judge, and tables wider than a terminal."""
    words = ("judge", *files, *KNOWN, "--rng", "7", "--worlds", "20")
    status, out, err = call(*words, "--formula", "calendar + ties(share)", "--controls",
                            "times shuffled", "--draws", "9", "--json",
                            "--out", tmp_path / "table.csv")  # fmt: skip
    assert (status, err) == (0, ""), err
    found = json.loads(out)
    d = kb.read_diffusion(*files, time="year", groups="village")
    same = kb.judge(d, "calendar + ties(share)", rng=7, worlds=20, draws=9,
                    controls="times shuffled")  # fmt: skip
    table = same.table().reset_index()
    assert [row["name"] for row in found["table"]] == table["name"].tolist()
    assert [row["gain"] for row in found["table"]] == pytest.approx(table["gain"].tolist())
    assert found["controls"][0]["p"] == same.controls()["p"].iloc[0]
    assert pd.read_csv(tmp_path / "table.csv")["name"].tolist() == table["name"].tolist()
    status, out, err = call(*words, "--controls", "all", "--draws", "5", "--power", "0.1",
                            "--covariates", "age")  # fmt: skip
    assert (status, err) == (0, ""), err
    assert "ties add" in out and "times shuffled" in out and "power" in out
    assert "calendar + covariates + ties(share)" in out
    assert max(map(cell_len, out.splitlines())) < 80


def test_one_group_is_judged_in_parts(call, files):
    """Catches a survey without villages that is refused, though people can be held out."""
    status, out, err = call("judge", *files, "--time", "year", "--rng", "7", "--worlds", "20",
                            "--formula", "calendar + ties(share)", "--json")  # fmt: skip
    assert (status, err) == (0, ""), err
    assert json.loads(out)["folds"] == "5"
    status, out, _ = call("judge", *files, "--time", "year", "--rng", "7", "--worlds", "20",
                          "--folds", "future", "--since", "1968")  # fmt: skip
    assert status == 0 and "over constant" in out


@pytest.mark.parametrize(("words", "said"), [
    ((), "--time: no column of a usual name"),
    (("--time", "yaer"), "--time: no such column, got 'yaer'"),
    ((*KNOWN, "--formula", "calendar + aeg"), "unknown term"),
    ((*KNOWN, "--formula", "calendar + age"), "a column that is not read, got age"),
    ((*KNOWN, "--power", "x"), "--power 0.1,0.25"),
    ((*KNOWN, "--folds", "village"), "folds"),
    ((*KNOWN, "--out", "t.xlsx"), "--out"),
    ((*KNOWN, "--ends", "ego"), "--ends from,to"),
])  # fmt: skip
def test_refused_in_one_line(call, files, words, said):
    """Catches wrong words that end in a traceback, or in the words of the library."""
    status, out, err = call("judge", *files, *words)
    assert (status, out) == (2, "") and said in err and len(err.splitlines()) == 1


def test_a_study_needs_no_files(call, tmp_path, monkeypatch):
    """Catches a name that is neither a study nor a file, and options that a study ignores."""
    status, _, err = call("judge", "korae")
    assert status == 2 and "korea, medical, microfinance" in err
    status, _, err = call("hazard", "korea", "--groups", "village")
    assert status == 2 and "--groups" in err
    ties = tmp_path / "ties.csv"
    ties.write_text("ego,alter\na,b\nb,c\n")
    (tmp_path / "people.csv").write_text("id,time\na,1\nb,2.5\n")
    status, _, err = call("hazard", ties, tmp_path / "people.csv")
    assert status == 2 and "--strangers drop" in err
    status, _, err = call("hazard", ties, tmp_path / "people.csv", "--strangers", "drop")
    assert status == 2 and "--period 1.0" in err
