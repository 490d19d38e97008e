"""Studies at every door: what contradicts itself, is typed wrong, or too big."""

from __future__ import annotations

import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration.calibration_file import read_calibration
from koubei_sim.studies.sweep_file import read_sweep

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
