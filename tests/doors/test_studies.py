"""Studies at every door: what contradicts itself, is typed wrong, or too big."""

from __future__ import annotations

import datetime
import time

import numpy as np
import pandas as pd
import psutil
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration import Target, Targets, calibrate
from koubei_sim.studies.calibration.calibration_file import read_calibration
from koubei_sim.studies.sweep.sweep import read_sweep

FIT = """
scenario = "tiny"
[set]
seeding.number = {fixed}
[ranges]
seeding.number = {{ low = 5, high = 50 }}
[[targets]]
name = "a"
value = 30
tolerance = 0.1
statistic = "users@10"
level = "empirical-output"
"""


def test_set_beside_the_range_that_is_fitted(tmp_path):
    """Catches a value outside the fitted range that a fit drops, or one inside refused."""
    file = tmp_path / "fit.toml"
    file.write_text(FIT.format(fixed=20), "utf-8")
    assert read_calibration(file).scenario.seeding.number == 20
    file.write_text(FIT.format(fixed=200), "utf-8")
    with pytest.raises(KoubeiError, match=r"seeding\.number is varied, and \[set\] fixes"):
        read_calibration(file)


def test_set_beside_the_range_that_is_swept(tmp_path):
    """Catches a fixed value that a sweep overrides in silence."""
    file = tmp_path / "sweep.toml"
    file.write_text(
        'scenario = "tiny"\n[set]\nseeding.number = 20\n[latin]\npoints = 4\n'
        "[latin.ranges]\nseeding.number = { low = 5, high = 50 }\n",
        "utf-8",
    )
    with pytest.raises(KoubeiError, match=r"seeding\.number is varied, and \[set\] fixes"):
        read_sweep(file)


DAYS = ["2012-01-01", "2012-06-01", "2013-01-01"]


@pytest.mark.parametrize(
    "kind",
    [
        pd.DatetimeIndex,
        lambda days: pd.DatetimeIndex(days).tz_localize("Asia/Shanghai"),
        lambda days: pd.Series(pd.DatetimeIndex(days)),
        lambda days: np.array(days, dtype="datetime64[ns]"),
        lambda days: [datetime.datetime.fromisoformat(day) for day in days],
        lambda days: [datetime.date.fromisoformat(day) for day in days],
        lambda days: pytest.importorskip("polars").Series(days).str.to_date(),
    ],
)
def test_dates_of_a_series_as_people_have_them(kind):
    """Catches dates of pandas, numpy and polars that are refused or fall on another day."""
    found = Targets.series(kind(DAYS), pd.Series([10, 20, 30], dtype="Int64"))
    assert [target.statistic for target in found] == [f"users@{day}" for day in DAYS]


@pytest.mark.parametrize(
    ("given", "attribute"),
    [(pd.PeriodIndex(DAYS, freq="M"), "end_time"), (pd.to_timedelta([1, 2, 3], "D"), "days")],
)
def test_the_advice_for_periods_and_lengths_helps(given, attribute):
    """Catches advice that an index does not follow (`dates.dt` of a PeriodIndex)."""
    with pytest.raises(KoubeiError) as caught:
        Targets.series(given, [10, 20, 30])
    assert caught.value.fix == f"[date.{attribute} for date in dates]"
    assert len(Targets.series([getattr(date, attribute) for date in given], [10, 20, 30])) == 3


SMALL = kb.Scenario.load("tiny").replace(n_agents=100, ticks=5)
AIM = Target("users", 50.0, 0.1, "users@3", "empirical-output")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: kb.compare([SMALL, SMALL], 10**12), "replicates: needs more memory"),
        (lambda: kb.compare([SMALL, SMALL], 10, precision=1e-9, at_most=10**12), "at_most: needs"),
        (lambda: kb.compare([SMALL, SMALL], 2, threads=10**6), "threads: out of range"),
        (lambda: kb.sweep(SMALL, {"ticks": [3]}, workers=10**6), "workers: out of range"),
        (lambda: kb.sweep(SMALL, {"ticks": [3]}, replicates=10**12), "replicates: too many runs"),
        (
            lambda: kb.sweep(SMALL, {"seeding.number": range(1, 99)}, replicates=99, workers=1024,
                             backend="loky"),
            "workers: more processes than there is memory for",
        ),
        (
            lambda: calibrate(SMALL, AIM, {"seeding.number": (5, 50)}, simulations=10**12),
            "simulations: too many",
        ),
        (
            lambda: calibrate(SMALL, AIM, {"seeding.number": np.array([5, 50])}),
            r"seeding.number: not a range, .*try \(5, 50\)",
        ),
    ],
)  # fmt: skip
def test_what_is_too_much_is_refused_before_any_work(call, said, monkeypatch):
    """Catches a million threads, a thousand processes, and doubling until memory ends."""
    room = psutil.virtual_memory()._replace(available=16 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: room)
    with pytest.raises(KoubeiError, match=f"^{said}"):
        call()


def test_scenarios_of_a_column_are_compared():
    """Catches a column or an array of scenarios that is taken for no list."""
    named = kb.compare(pd.Series({"a": SMALL, "b": SMALL.replace(ticks=4)}), 2, rng=1)
    assert named.names == ("a", "b")
    assert len(kb.compare(np.array(["tiny", "tiny"]), 1, rng=1).names) == 2


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost", "no host:port"),
        ("tcp://127.0.0.1:9", "refused"),
        ("tcp://127.0.0.1:99999", "ports end at 65535"),
        ("tcp://no such host:1", ""),
        ("foo://x", "unknown address scheme"),
    ],
)
def test_a_wrong_address_of_a_scheduler_is_said_at_once(address, said):
    """Catches twenty seconds of waiting, and tracebacks of a half-made client at the end."""
    pytest.importorskip("distributed")
    begun = time.monotonic()
    with pytest.raises(KoubeiError, match=f"scheduler: cannot be reached .*{said}"):
        kb.sweep(SMALL, {"ticks": [3]}, backend="dask", scheduler=address)
    assert time.monotonic() - begun < 8.0


def test_text_that_looks_like_a_number_is_shown_in_quotes():
    """Catches "must be a number, got 0.3" of a table that holds the text '0.3'."""
    with pytest.raises(KoubeiError, match=r"seeding\.purity: must be a number, got '0\.3'"):
        kb.sweep(SMALL, {"seeding.purity": ["0.3"]})


def test_a_sweep_that_is_whole_says_that_nothing_was_run(tmp_path, caplog) -> None:
    """Would catch a second call that looks like new runs and is none."""
    options = {"rng": 7, "outcomes": ["users"], "out": tmp_path / "sweep"}
    kb.sweep("tiny", {"ticks": [3]}, **options)
    assert not caplog.records
    kb.sweep(tmp_path / "sweep")
    assert "holds all 1 runs already, none was begun" in caplog.text
