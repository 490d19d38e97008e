"""`total_effect`: an experiment that was run, read for what a treatment of all would do.

`experiment` tries designs in worlds where the answer is known; this reads the record of the one
that was chosen, with the same estimators.  Called by people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion, groups_of
from koubei_sim.evidence.effects import EFFECTS, Treatment, Trial, check_model
from koubei_sim.evidence.trial import ON
from koubei_sim.evidence.worlds import as_record
from koubei_sim.networks import TemporalNetwork

if TYPE_CHECKING:
    import pandas as pd

CHANGED = 2.0  # any factor but 1: what is changed is estimated, not by how much


def total_effect(
    d: Diffusion,
    formula: str = "constant + ties(share)",
    changes: str = "q",
    on: str = "teller",
    *,
    treated: str = "treated",
    unit: Any = None,
    rng: Any = None,
) -> pd.DataFrame:
    """Return what a treatment of all would add to the share that adopts, by each estimator.

    Parameters
    ----------
    d : Diffusion
        The record of the experiment; who was treated is one of its ``treatments``.
    formula : str
        The hazard that the estimator *model* takes for true.
    changes : {"q", "p", "p, q"}
        What the treatment may change: the push of ties (a reward for referrals), the base hazard of
        who is treated (a message), or both.
    on : {"listener", "teller", "tie"}
        Whose treatment changes an arc, as for `experiment`.
    treated : str
        The treatment: 1 or 0 for each person.
    unit : (n,) array, values keyed by people, or name of a covariate, optional
        What was assigned as a whole: the cluster of each person; people unless given.
    rng
        Source of the key of the worlds that *model* plays.

    Returns
    -------
    DataFrame
        A row each for *difference* (treated less untreated), *exposure* (a regression on one's own
        treatment and that of neighbours) and *model* (the hazard with a weight for each arm, played
        with all and with nobody treated): ``estimate``, ``low``, ``high`` (95 %), shares of people.
        All three are of the same quantity; only the last is right where word travels on.

    Raises
    ------
    KoubeiError
        In one line: no such treatment, values beside 0 and 1, one arm only.

    Examples
    --------
    >>> import numpy as np
    >>> import koubei_sim as kb
    >>> ring = kb.networks.watts_strogatz(200, 6, 0.1, key=1)
    >>> times = [i % 9 if i % 3 else None for i in range(200)]
    >>> d = kb.Diffusion(ring, times, until=9, treatments={"treated": np.arange(200) % 2})
    >>> kb.evidence.total_effect(d, rng=7).index.tolist()
    ['difference', 'exposure', 'model']
    """
    from koubei_sim.looks.frames import Table

    if not isinstance(d, Diffusion):
        raise KoubeiError("record", "not a Diffusion", got=type(d).__name__)
    if isinstance(d.network, TemporalNetwork):
        raise KoubeiError("network", "contacts, not ties", got="TemporalNetwork",
                          allowed="a Network")  # fmt: skip
    given = [one.strip() for one in changes.split(",")] if isinstance(changes, str) else [changes]
    for one in given:
        checks.word("changes", one, ("p", "q"))
    treatment = Treatment(CHANGED if "p" in given else 1.0, CHANGED if "q" in given else 1.0,
                          checks.word("on", on, ON))  # fmt: skip
    if "p" in given and on != "listener":
        raise KoubeiError("changes", "a base hazard is the listener's", got=changes, allowed="q")
    check_model(d, formula, treatment)
    key = checks.key(rng)
    record = as_record(d, d.at)
    record.treatments = d.treatments | {
        "treated": _arm(d, treated),
        "unit": _units(d, unit),
        "counted": np.ones(d.n),
    }
    trial = Trial(record, None, treatment, formula, key, 0)
    rows = {name: estimator(trial)[:3] for name, estimator in EFFECTS.items()}
    return Table(rows, index=["estimate", "low", "high"]).T


def _arm(d: Diffusion, name: str) -> NDArray[np.float64]:
    """Return who was treated, 1.0 or 0.0."""
    if not d.treatments:
        raise KoubeiError("treated", "the record has no treatments", got=repr(name))
    arm = d.treatments[checks.word("treated", name, tuple(d.treatments))]
    if arm.dtype.kind != "f" or not np.isin(arm, (0.0, 1.0)).all():
        odd = next(one for one in arm.tolist() if one not in (0.0, 1.0))
        raise KoubeiError(f"treatments.{name}", "neither 1 nor 0", got=repr(odd))
    if arm.min() == arm.max():
        raise KoubeiError(f"treatments.{name}", "the same for everybody", got=float(arm[0]))
    return arm


def _units(d: Diffusion, unit: Any) -> NDArray[np.float64]:
    """Return the number of what each was assigned with."""
    if unit is None:
        return np.arange(d.n, dtype=np.float64)
    if isinstance(unit, str):
        unit = d.covariates[checks.word("unit", unit, tuple(d.covariates))]
    return groups_of("unit", unit, d.n, d.network.labels)[1].astype(np.float64)


__all__ = ["total_effect"]
