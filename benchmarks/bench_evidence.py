"""Time estimates of hazards beside statsmodels: ``python benchmarks/bench_evidence.py``.

A record of 1,000 people in 25 villages over ten periods, and one of 100,000 people: making the rows
(exposures of everybody in every period), a fit, an interval by the profile of the likelihood, a
world in which the fit is true.  Beside it `statsmodels` (GLM, complementary log-log) on the very
rows, and the physical limit: one pass over the rows' numbers by numpy.  Each figure is the least of
several rounds, processor time of all threads, ratios within one run.
docs/evidence.md 9.3 has them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

import koubei_sim as kb
from koubei_sim.evidence.design import model_of, rows_of
from koubei_sim.evidence.worlds import as_record, simulate, truth

FORMULA: Final = "calendar + crowd + degree + ties(share)"
ROUNDS: Final = 5


def record(people: int, groups: int) -> kb.Diffusion:
    """Return a record of a world in which word of mouth acts."""
    net = kb.networks.watts_strogatz(people, 8, 0.1, key=1)
    empty = kb.Diffusion(
        net, [None] * people, until=10, start=1, groups=np.arange(people) * groups // people
    )
    model, values = truth(empty, "constant + ties(share)", {"constant": 0.03, "ties(share)": 0.2})
    return as_record(empty, simulate(model, values, empty, key=7)[0])


def least(work: Callable[[], Any]) -> float:
    """Return the least processor time of several rounds, in milliseconds."""
    work()
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return 1e3 * min(found)


def peer(d: kb.Diffusion) -> Callable[[], Any]:
    """Return a fit by statsmodels of the same rows, columns of the calendar written out."""
    import statsmodels.api as sm

    rows, _ = rows_of(model_of(d, FORMULA), d)
    months = np.eye(rows.bins)[rows.period]
    columns = np.hstack([months, rows.pushes, rows.traits])
    family = sm.families.Binomial(sm.families.links.CLogLog())
    return lambda: sm.GLM(rows.adopted.astype(float), columns, family=family).fit()


def main() -> None:
    """Print a table."""
    print("milliseconds of a core               1,000 people  100,000 people")
    small, large = record(1_000, 25), record(100_000, 2_000)
    rows = [rows_of(model_of(d, FORMULA), d)[0] for d in (small, large)]
    print(f"{'rows':36} {rows[0].adopted.size:13,} {rows[1].adopted.size:15,}")
    none = kb.evidence.Priors(0.0, float("inf"))
    fits = [kb.hazard(d, FORMULA) for d in (small, large)]
    work: dict[str, Callable[[int], Callable[[], Any]]] = {
        "rows made": lambda k: lambda: rows_of(model_of((small, large)[k], FORMULA),
                                               (small, large)[k]),
        "additive, rows and fit": lambda k: lambda: kb.hazard((small, large)[k], FORMULA),
        "cloglog, rows and fit": lambda k: lambda: kb.hazard((small, large)[k], FORMULA,
                                                             link="cloglog", priors=none),
        "statsmodels, fit": lambda k: peer((small, large)[k]),
        "interval": lambda k: lambda: fits[k].interval("ties(share)"),
        "a world": lambda k: lambda: fits[k].simulate(worlds=1, rng=7),
        "limit: one pass over the rows": lambda k: lambda: (
            rows[k].pushes.sum() + rows[k].traits.sum() + rows[k].adopted.sum()
        ),
    }  # fmt: skip
    for name, of in work.items():
        print(f"{name:36} {least(of(0)):13.2f} {least(of(1)):15.1f}", flush=True)


if __name__ == "__main__":
    main()
