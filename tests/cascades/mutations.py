"""The list of planted faults: wrong rules that the comparison with the twins must notice.

Wrong addresses of draws, sides of a threshold, ties that go to the wrong arc, steps off by one,
scratch space that is not clean, roundings: small things that a reader may well overlook.  Each
was found to change its witness.
"""

from __future__ import annotations

from tests.cascades.fault import Fault
from tests.cascades.faults_common import FAULTS_COMMON
from tests.cascades.faults_rivals import FAULTS_RIVALS
from tests.cascades.faults_thresholds import FAULTS_THRESHOLDS
from tests.cascades.faults_times import FAULTS_TIMES

FAULTS: tuple[Fault, ...] = (
    *FAULTS_COMMON,
    *FAULTS_THRESHOLDS,
    *FAULTS_TIMES,
    *FAULTS_RIVALS,
)
