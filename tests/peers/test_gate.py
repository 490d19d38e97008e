"""A ratio is told only where sizes agree, and the table says so where they do not."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
environments, gate, graphs, measure, report, targets, turns, works = (
    importlib.import_module(f"benchmarks.peers.{name}")
    for name in (
        "environments", "gate", "graphs", "measure", "report", "targets", "turns", "works",
    )
)  # fmt: skip
sys.path.pop(0)

BY_KEY = {work.key: work for work in works.WORKS}


def rounds(mean, milliseconds, key, runs=400, times=()):
    """Three rounds of Poisson sizes."""
    random = np.random.default_rng(key)
    shape = (runs, len(times)) if len(times) else runs
    lam = mean * np.array(times) if len(times) else mean
    return [measure.Sample(random.poisson(lam, shape), milliseconds) for _ in range(3)]


def lines(row, **samples):
    """Lines of a row by package; the names are given without blanks."""
    names = {name.replace(" ", "_"): name for name in works.ADAPTERS}
    found = report.lines_of(BY_KEY[row], {names[name]: given for name, given in samples.items()})
    return {line["package"]: line for line in found}


def test_a_package_whose_sizes_disagree_gets_no_ratio():
    """Would catch a gate that is open: a package that does other work praised for its speed."""
    found = lines(
        "ic02",
        koubei_sim=rounds(50, 1.0, 1),
        textbook_numba=rounds(50, 2.0, 2),
        CyNetDiff=rounds(50, 3.0, 3),
        EoN=rounds(52, 4.0, 4),
    )
    assert found["CyNetDiff"]["ours"] == 3.0 and found["CyNetDiff"]["ratio"] == 1.5
    assert found["EoN"]["verdict"] == "disagrees"
    assert "ours" not in found["EoN"] and "ratio" not in found["EoN"]
    table = report.markdown(list(found.values()))
    assert "| 3.0 | disagrees |" in table
    assert "4.0" not in table


def test_nobody_gets_a_ratio_to_us_where_our_sizes_disagree():
    """Would catch our own faults hidden behind the agreement of the others."""
    found = lines(
        "ic02",
        koubei_sim=rounds(52, 1.0, 1),
        textbook_numba=rounds(50, 2.0, 2),
        CyNetDiff=rounds(50, 3.0, 3),
    )
    assert found["koubei_sim"]["verdict"] == "disagrees"
    assert not any("ours" in line for line in found.values())
    assert found["CyNetDiff"]["ratio"] == 1.5
    assert "no ratio" in report.markdown(list(found.values()))


def test_an_equal_mean_is_not_enough():
    """Would catch a judgement by means alone: sizes that are all or nothing, of the same mean."""
    random = np.random.default_rng(5)
    wild = [measure.Sample(100 * random.integers(0, 2, 400), 3.0) for _ in range(3)]
    found = lines("ic02", textbook_numba=rounds(50, 2.0, 2), CyNetDiff=wild)
    assert abs(found["CyNetDiff"]["z"]) < gate.FURTHEST
    assert found["CyNetDiff"]["verdict"] == "disagrees"


def test_another_law_is_an_exception_only_where_it_is_met():
    """Would catch an exception that lets anything pass, or that needs no kernel of its law."""
    ours = {"koubei_sim": rounds(500, 1.0, 1), "textbook_numba": rounds(500, 2.0, 2)}
    law = rounds(480, 2.0, 3)
    met = lines("sird", **ours, epiworld=rounds(480, 30.0, 4), one_infection_or_none=law)
    assert met["epiworld"]["verdict"] == "other law" and met["epiworld"]["ours"] == 30.0
    assert "one infection or none" not in met
    table = report.markdown(list(met.values()))
    assert "30 *" in table and "\\* epiworld" in table
    missed = lines("sird", **ours, epiworld=rounds(470, 30.0, 4), one_infection_or_none=law)
    assert missed["epiworld"]["verdict"] == "disagrees" and "ours" not in missed["epiworld"]
    without = lines("sird", **ours, epiworld=rounds(500, 30.0, 4))
    assert without["epiworld"]["verdict"] == "disagrees"


def test_curves_are_compared_at_every_time():
    """Would catch a comparison of ends only, where all have adopted whatever happened before."""
    late = [0.1, 0.5, 1.0]
    early = [0.15, 0.5, 1.0]
    found = lines(
        "bass",
        textbook_numba=rounds(1000, 2.0, 1, times=late),
        koubei_sim=rounds(1000, 1.0, 2, times=late),
        Mesa=rounds(1000, 9.0, 3, times=early),
    )
    assert found["koubei_sim"]["verdict"] == "agrees"
    assert found["Mesa"]["verdict"] == "disagrees"
    assert found["Mesa"]["difference"] == pytest.approx(0.5, abs=0.05)


def test_targets_and_marks_see_only_believed_ratios(tmp_path, capsys):
    """Would catch targets met by a package that disagrees, and a page overwritten as a whole."""
    found = lines(
        "lt",
        koubei_sim=rounds(50, 1.0, 1),
        textbook_numba=rounds(50, 2.0, 2),
        CyNetDiff=rounds(60, 40.0, 3),
    )
    targets.print_targets(list(found.values()))
    assert "CyNetDiff" not in capsys.readouterr().out
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.put_table(page, "new")
    report.put_table(page, "newer")
    assert page.read_text() == f"before\n{report.BEGIN}\n\nnewer\n\n{report.END}\nafter\n"
    page.write_text("no marks\n")
    with pytest.raises(SystemExit, match="marks"):
        report.put_table(page, "new")


def test_a_worker_does_the_work_of_its_adapter(tmp_path):
    """Would catch ties, seeds or keys that change on the way, and a stop taken for an answer."""
    ties = graphs.from_ties("small", 4, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]))
    graphs.save(ties, tmp_path / "ties.npz")
    again = graphs.load(tmp_path / "ties.npz")
    for name in ("source", "target", "indptr", "indices"):
        assert np.array_equal(getattr(ties, name), getattr(again, name))
    with turns.Package("numpy frontier") as package:
        package.load(tmp_path / "ties.npz")
        sample = package.run(BY_KEY["ic10"], [0], 50, 5)
        frontier = importlib.import_module("benchmarks.peers.frontier").Frontier(ties)
        expected = frontier.independent(0.1, np.array([0]), 50, 5)
        assert np.array_equal(sample.sizes, expected.sizes)
        with pytest.raises(turns.PackageStopped):
            package.run(BY_KEY["bass"], [0], 1, 1)


def test_an_environment_is_ready_only_with_the_present_pins(tmp_path, monkeypatch):
    """Would catch an old release measured under the name of a new one."""
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    mesa = environments.ENVIRONMENTS["mesa"]
    assert not mesa.ready()
    mesa.stamp.parent.mkdir()
    mesa.stamp.write_text("mesa==3.0.0\n")
    assert not mesa.ready()
    mesa.stamp.write_text("\n".join(mesa.pins))
    assert mesa.ready()
    assert not turns.available("EoN") and turns.available("koubei_sim")


def test_every_row_names_adapters_that_do_its_work():
    """Would catch a row that fails after ten minutes, and a package without an environment."""
    for work in works.WORKS:
        assert {"koubei_sim", gate.YARDSTICK} <= set(work.runs)
        for name in work.runs:
            module, kind, environment = works.ADAPTERS[name]
            assert environment in {environments.HERE, *environments.ENVIRONMENTS}
            found = getattr(importlib.import_module(f"benchmarks.peers.{module}"), kind)
            # some of the hand-written kernels get their methods when they are made
            assert hasattr(found, work.method) or module == "textbook"
