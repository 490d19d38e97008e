"""Exact laws on graphs of a few people: the ground truth of fast code.

`enumeration` goes through all sets of live edges; `chains` follows the law of the whole state
round by round (or in continuous time) and defines `StateLaw`, the form of every answer;
`cascades`, `contacts`, `thresholds`, `epidemics` and `periods` state the rules.  Where two
independent roads to one law are known, both are here, and the tests ask them to agree.
Called by the tests of the cascade kernels, of the reference models and of closed forms.
"""

from __future__ import annotations

from verification.exact_laws.cascades import (
    cascade_law,
    competing_law,
    live_arc_law,
    negative_law,
)
from verification.exact_laws.chains import StateLaw, both_ways
from verification.exact_laws.contacts import contact_law
from verification.exact_laws.enumeration import (
    TinyCascade,
    independent_cascade,
    threshold_closure,
    threshold_rounds,
)
from verification.exact_laws.epidemics import (
    bass_continuous,
    bass_law,
    sir_continuous,
    sir_law,
    sis_continuous,
    sis_law,
)
from verification.exact_laws.periods import (
    constant_period,
    exponential_period,
    final_law,
    geometric_period,
)
from verification.exact_laws.thresholds import (
    threshold_arc_law,
    threshold_cell_law,
    threshold_dag,
    threshold_law,
    threshold_paths,
)

__all__ = [
    "StateLaw",
    "TinyCascade",
    "bass_continuous",
    "bass_law",
    "both_ways",
    "cascade_law",
    "competing_law",
    "constant_period",
    "contact_law",
    "exponential_period",
    "final_law",
    "geometric_period",
    "independent_cascade",
    "live_arc_law",
    "negative_law",
    "sir_continuous",
    "sir_law",
    "sis_continuous",
    "sis_law",
    "threshold_arc_law",
    "threshold_cell_law",
    "threshold_closure",
    "threshold_dag",
    "threshold_law",
    "threshold_paths",
    "threshold_rounds",
]
