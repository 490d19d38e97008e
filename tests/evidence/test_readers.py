"""Readers of records: files and frames as people have them, and the named data sets."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.evidence import data_sets
from koubei_sim.networks import find_data

PEOPLE = {"id": ["li", "wu", "he", "qi"], "time": [1, 3, None, 2], "city": ["a", "a", "b", "b"],
          "age": [30, 41, 25, 28], "job": ["x", "y", "x", "x"]}  # fmt: skip
NAMED = [("wu", "li"), ("he", "wu"), ("qi", "wu")]


def told(edges: object, people: object, **options: object) -> str:
    with pytest.raises(KoubeiError) as caught:
        kb.read_diffusion(edges, people, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_who_is_named_is_listened_to() -> None:
    """Catches a direction turned round: wu named li, so li's word reaches wu."""
    d = kb.read_diffusion(NAMED, PEOPLE, until=3)
    assert [ends.tolist() for ends in d.network.arcs()] == [["li", "wu", "wu"], ["wu", "he", "qi"]]
    other = kb.read_diffusion(NAMED, PEOPLE, until=3, direction="tells")
    assert other.network.arcs()[0].tolist() == ["wu", "he", "qi"]
    both = kb.read_diffusion(NAMED, PEOPLE, until=3, direction="mutual")
    assert both.network.n_arcs == 6
    net = kb.Network.from_edges(["li"], ["wu"], labels="auto")
    kept = kb.read_diffusion(net, PEOPLE, until=3)
    assert [ends.tolist() for ends in kept.network.arcs()] == [["li"], ["wu"]]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "parquet", "pandas", "polars"])
def test_the_same_record_from_any_table(kind: str, tmp_path: Path) -> None:
    """Catches a kind of table whose rows, cells or types come out otherwise."""
    frame = pd.DataFrame(PEOPLE).sample(frac=1.0, random_state=1)
    given: object = frame
    if kind == "polars":
        given = pytest.importorskip("polars").DataFrame(frame.to_dict("list"))
    elif kind == "parquet":
        given = tmp_path / "people.parquet"
        frame.to_parquet(given, index=False)
    elif kind != "pandas":
        given = tmp_path / f"people.{kind}"
        text = frame.to_csv(index=False, sep="\t" if kind == "tsv" else ",")
        raw = text.encode()
        given.write_bytes(gzip.compress(raw) if kind.endswith("gz") else raw)
    ties = tmp_path / "ties.csv"
    ties.write_text("ego,alter\n" + "".join(f"{a},{b}\n" for a, b in NAMED))
    d = kb.read_diffusion(ties, given, groups="city", covariates="age, job")
    place = d.network.index_of(["li", "wu", "he", "qi"])
    assert np.array_equal(d.times[place], [1.0, 3.0, np.nan, 2.0], equal_nan=True)
    assert [d.groups[code] for code in d.group[place]] == ["a", "a", "b", "b"]
    assert d.covariates["age"][place].tolist() == [30.0, 41.0, 25.0, 28.0]
    assert d.covariates["job"][place].tolist() == ["x", "y", "x", "x"]
    assert [ends.tolist() for ends in d.network.arcs()][1][:1] != []
    assert sorted(zip(*[e.tolist() for e in d.network.arcs()])) == sorted(
        (named, who) for who, named in NAMED
    )


def test_numbers_as_names_in_any_order(tmp_path: Path) -> None:
    """Catches people taken by row where their names are numbers in another order."""
    ties = tmp_path / "ties.txt"
    ties.write_text("5 9\n2 9\n")
    people = {"id": [9, 5, 2, 7], "time": ["1", "2", "NA", ""]}
    d = kb.read_diffusion(ties, people, until=4)
    assert d.network.labels.tolist() == [9, 5, 2, 7]
    assert [ends.tolist() for ends in d.network.arcs()] == [
        [9, 9],
        [5, 2],
    ]  # in the order of the rows
    assert d.at.tolist()[:2] == [0, 1] and d.adopted.tolist() == [True, True, False, False]
    assert "1 people have no ties" in d.network.notes["people"]
    text = kb.read_diffusion(ties, {"id": ["9", "5", "2", "x"], "time": [1, 2, 3, 4]})
    assert text.network.n_arcs == 2


def test_weights_and_missing_cells_of_other_programmes() -> None:
    """Catches NA read as a time, and a weight lost on the way."""
    frame = pd.DataFrame({"source": ["wu", "he"], "target": ["li", "wu"], "hours": [2.0, 5.0]})
    people = PEOPLE | {"time": ["1", "NA", "3", "NULL"]}
    d = kb.read_diffusion(frame, people, weight="hours")
    assert d.adopted.tolist() == [True, False, True, False]
    assert sorted(d.network.layer().weights.tolist()) == [2.0, 5.0]


def test_who_is_censored_has_not_adopted() -> None:
    """Catches censored rows counted as adoptions, and a last period that nobody was seen in."""
    people = PEOPLE | {"time": [1, 3, 4, 4], "censored": [0, 0, 1, 1]}
    d = kb.read_diffusion(NAMED, people)
    assert d.adopted.tolist() == [True, True, False, False]
    assert d.periods == 3 and (d.until == 2).all()
    assert "censored" in d.network.notes["people"]
    later = kb.read_diffusion(NAMED, people | {"time": [1, 3, 9, 9]})
    assert later.until.tolist() == [7] * 4
    lost = people | {"time": [1, 3, 2, 4]}
    assert "lost at several times" in told(NAMED, lost)
    own = kb.read_diffusion(NAMED, lost, until="time")
    assert own.until.tolist() == [3, 3, 1, 3]
    assert own.adopted.tolist() == [True, True, False, False]
    assert kb.read_diffusion(NAMED, people, censored=False).adopted.all()


def test_refused_in_one_line(tmp_path: Path) -> None:
    """Catches wrong tables that get through, or end in a traceback."""
    assert "strangers='drop'" in told([*NAMED, ("wu", "xi")], PEOPLE)
    dropped = kb.read_diffusion([*NAMED, ("wu", "xi")], PEOPLE, strangers="drop")
    assert dropped.network.n_arcs == 3
    assert "left out" in dropped.network.notes["people"]
    assert "names none of the people" in told([("a", "b")], PEOPLE)
    assert "no such column, got 'tiem'" in told(NAMED, PEOPLE, time="tiem")
    assert "try time" in told(NAMED, PEOPLE, time="tiem")
    assert "no column of a usual name" in told(NAMED, {"id": PEOPLE["id"], "x": [1] * 4})
    twice = {"id": ["li", "li"], "time": [1, 2]}
    assert "a person twice, got 'li'" in told(NAMED, twice)
    assert "without a name" in told(NAMED, {"id": ["li", None], "time": [1, 2]})
    assert "neither yes nor no" in told(NAMED, PEOPLE | {"censored": [0, 1, 2, 0]})
    assert "no value for a person" in told(NAMED, PEOPLE | {"age": [1, None, 2, 3]},
                                           covariates=["age"])  # fmt: skip
    assert "not a whole number of periods" in told(NAMED, PEOPLE | {"time": [1.5, 2, 3, 4]})
    assert "not a time" in told(NAMED, PEOPLE | {"time": ["soon", "2", "3", "4"]})
    assert "no such file" in told(NAMED, tmp_path / "none.csv")
    assert "people" in told(NAMED, 7)


def test_seeds_and_late_arrivals() -> None:
    """Catches seeds at risk, and people at risk before they came."""
    people = PEOPLE | {"seed": ["yes", "no", "no", "no"], "came": [1, 2, 3, 1]}
    d = kb.read_diffusion(NAMED, people, seeds="seed", entered="came", until=3)
    assert d.seeded.tolist() == [True, False, False, False]
    assert d.entered.tolist() == [0, 1, 2, 0]
    with_width = kb.read_diffusion(NAMED, PEOPLE | {"time": [0.2, 7.5, None, 3.0]}, period=2.0)
    assert with_width.at.tolist()[0] == 0 and with_width.at.tolist()[1] == 3


# The named data sets ----------------------------------------------------------------------------


@pytest.fixture
def data() -> None:
    try:
        find_data("korean_family_planning_adoption.csv")
    except KoubeiError as error:
        pytest.skip(str(error))


@pytest.mark.data
def test_korea_is_put_right(data: None) -> None:
    """Catches the columns taken as they stand: ties then cross villages and explain nothing."""
    d = kb.evidence.study("korea")
    assert (d.n, int(d.adopted.sum()), d.periods, len(d.groups)) == (1047, 673, 10, 25)
    source, target = d.network.arcs()
    assert (d.group[source] == d.group[target]).all()
    base = kb.hazard(d, "calendar").loglik
    assert kb.hazard(d, "calendar + ties(share)").loglik - base > 15.0
    assert "order of the ids" in d.network.notes["people"]


@pytest.mark.data
def test_a_table_out_of_order_is_refused(data: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a check that looks away: Korea as written has the villages of other people."""
    right = data_sets._table

    def turned(path: Path) -> pd.DataFrame:
        frame = right(path)
        frame["village"] = frame["village"].to_numpy()[::-1]
        return frame

    monkeypatch.setattr(data_sets, "_table", turned)
    with pytest.raises(KoubeiError, match="columns out of order"):
        kb.evidence.study("korea")


@pytest.mark.data
def test_medical_and_microfinance(data: None) -> None:
    """Catches people, adopters or ties lost on the way."""
    d = kb.evidence.study("medical")
    assert (d.n, int(d.adopted.sum()), d.periods, len(d.groups)) == (125, 109, 17, 4)
    m = kb.evidence.study("microfinance")
    assert (m.n, int(m.adopted.sum()), len(m.groups), m.network.n_arcs) == (
        8622, 1255, 38, 2 * (40178 - 27))  # fmt: skip
    assert int(m.covariates["leader"].sum()) == 1014


def test_an_unknown_study_is_refused() -> None:
    """Catches a name that ends in a traceback."""
    with pytest.raises(KoubeiError, match="korea"):
        kb.evidence.study("koria")
