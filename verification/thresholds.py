"""Thresholds of two classic studies, and the showcase of another package on one of them.

Valente's threshold is the share of adopters among those whom one named when one adopted.  The
package netdiffuseR prints adoption, hazards, spatial correlation and mean thresholds of Medical
Innovation; they are made again here from the file to the last digit printed.  Its regression needs
two answers of the doctors (belief in science, professional age) that the file does not hold: it is
run where a table `medInnovations.csv`, written out of that package, lies among the data.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from koubei_sim.core.draws import draw32, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import find_data
from verification.adoption import (
    FloatArray,
    Study,
    calendar,
    panel,
    regression,
    shares,
    study,
)
from verification.verdict import (
    KEY,
    Check,
    Replication,
    absent,
    exactly,
    in_band,
    ordered,
    reported,
    sized,
)

TITLE = "Thresholds of doctors and of Korean women; netdiffuseR's showcase"
SOURCE = (
    "Valente 1996 (abstract) and definitions of netdiffuseR's classify_adopters; figures printed "
    "in netdiffuseR's showcase Medical Innovations and its workshop of 2019"
)
MEDICAL, KOREAN = "medical_innovation", "korean_family_planning"
TABLE: Final = "medInnovations.csv"
REACH: Final = 6  # steps within which netdiffuseR looks for a way between two people
EDGE_SWAP: Final = 310  # purpose: which two arcs swap ends; i = 2 * attempt + 0 / 1

_ADOPTERS: Final = "11 9 9 11 11 11 13 7 4 1 5 3 3 4 4 2 1 16"
_HAZARDS: Final = "0.08 0.09 0.11 0.13 0.15 0.21 0.14 0.09 0.03 0.13 0.09 0.10 0.15 0.17 0.11 0.06"
_MORAN: Final = (
    "0.07 0.04 -0.03 -0.02 -0.06 -0.02 -0.00 0.01 0.01 0.01 0.02 0.02 0.01 0.04 0.05 0.03 0.02"
)
#: Cities, all: mean threshold of everybody, those without a name counted as 0.
_MEANS: Final = {
    "city 1": 0.6304,
    "city 2": 0.4931,
    "city 3": 0.4365,
    "city 4": 0.5926,
    "all": 0.5660,
}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Compute thresholds, and what the showcase prints."""
    try:
        doctors, women = study(MEDICAL, "city"), study(KOREAN, "village")
    except KoubeiError as refused:
        rows = [absent("thresholds of the two studies", str(refused)), _covariates(None)[0]]
        return Replication("thresholds", TITLE, SOURCE, tuple(rows), scale, key)
    known = {"doctors": thresholds(doctors, 1), "women": thresholds(women, 1)}
    adopters = {"doctors": ~doctors.censored, "women": ~women.censored}
    rows = [
        in_band(f"mean exposure at adoption, {who}", expected,
                float(np.nanmean(known[who][adopters[who]])), 5.1e-4, "S",
                "share of adopters in the period before, those who named nobody left out")
        for who, expected in (("doctors", 0.455), ("women", 0.359))
    ]  # fmt: skip
    rows += [
        exactly("Korean ties that leave the village", 0, _leaving(women), "C"),
        ordered("time of adoption and mean time of those named, Korea", "above 0",
                f"correlation {_alike(women):.2f}", _alike(women) > 0.2, "C",
                "with the rows of the file taken in another order it is .03"),
    ]  # fmt: skip
    rows += _showcase(doctors) + _rewired(doctors, sized(scale, 200, 2_000), key)
    rows += _categories(doctors, known["doctors"])
    rows += _covariates(doctors)
    rows.append(
        absent("Van den Bulte and Lilien 2001 on these doctors",
               "advertising a month is not among the data", provenance="R")
    )  # fmt: skip
    chosen = {who: values[adopters[who]] for who, values in known.items()}
    return Replication("thresholds", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(chosen))


def thresholds(found: Study, lag: int) -> FloatArray:
    """Return the share of adopters among those named, `lag` periods before one's own, (n,).

    NaN for people who named nobody.

    Examples
    --------
    >>> two = Study(
    ...     shares(np.array([0]), np.array([1]), 2),
    ...     np.array([3, 2]),
    ...     np.zeros(2, bool),
    ...     np.ones(2),
    ...     np.arange(2),
    ... )
    >>> thresholds(two, 1).tolist()
    [1.0, nan]
    """
    ties = found.listens.tocoo()
    there = found.times[ties.col] <= found.times[ties.row] - lag
    value = np.bincount(ties.row, ties.data * there, minlength=found.times.size)
    named = np.diff(found.listens.indptr) > 0
    return np.where(named, value, np.nan)


def _leaving(found: Study) -> int:
    who, named = found.listens.nonzero()
    return int((found.group[who] != found.group[named]).sum())


def _alike(found: Study) -> float:
    named = np.diff(found.listens.indptr) > 0
    mean = found.listens @ found.times.astype(float)
    return float(np.corrcoef(found.times[named], mean[named])[0, 1])


def _showcase(doctors: Study) -> list[Check]:
    """What netdiffuseR prints of the doctors, in its own conventions."""
    months = int(doctors.times.max())
    count = np.bincount(doctors.times, minlength=months + 1)[1:]
    left = doctors.times.size - np.cumsum(count)
    hazard = count[1:-1] / left[:-2]
    moran = [morans_i(_nearness(doctors.listens), doctors.times <= m) for m in range(1, months)]
    first, error = moran[0]
    source = "netdiffuseR showcase, printed"
    at_risk = panel(doctors.listens, doctors.times.astype(np.float64), months - 1).person.size
    rows = [
        exactly("doctors: person-months to month 17", 981, at_risk, "R",
                "826 used and 155 left out in the showcase's regression"),
        exactly("doctors: adopters by month", _ADOPTERS, " ".join(map(str, count)), "R", source),
        exactly("doctors: hazards, months 2 to 17", _HAZARDS, _printed(hazard), "R", source),
        exactly("doctors: Moran's I, months 1 to 17", _MORAN,
                _printed([value for value, _ in moran]), "R", source),
        in_band("doctors: Moran's I in month 1", 0.06624028, first, 5.1e-9, "R", "workshop 2019"),
        in_band("doctors: its standard deviation", 0.03265066, error, 5.1e-9, "R", "the same"),
    ]  # fmt: skip
    whole = np.nan_to_num(thresholds(doctors, 0))
    for name, printed in _MEANS.items():
        inside = np.full(whole.size, True) if name == "all" else doctors.group == int(name[-1])
        rows.append(
            in_band(f"doctors, {name}: mean threshold", printed, float(whole[inside].mean()),
                    5.1e-5, "R", "of the same month, everybody; who named nobody counts as 0")
        )  # fmt: skip
    return rows


def _printed(values: Any) -> str:
    return " ".join(f"{value:.2f}" for value in values)


def _nearness(listens: sparse.csr_array) -> FloatArray:
    """One over the steps between two people, up to `REACH`, each row adding up to 1."""
    steps = shortest_path(listens, unweighted=True)
    near = np.where((steps > 0) & (steps <= REACH), 1.0 / np.maximum(steps, 1.0), 0.0)
    total = near.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(near, total, out=np.zeros_like(near), where=total > 0.0))


def morans_i(weights: FloatArray, marked: NDArray[np.bool_]) -> tuple[float, float]:
    """Return Moran's I of 0 and 1 on weighted pairs, and its standard deviation when shuffled.

    The variance under randomisation (Cliff and Ord 1981, *Spatial Processes*, 2.3).

    Examples
    --------
    >>> line = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> value, error = morans_i(line, np.array([True, True, False, False]))
    >>> round(value, 6)
    0.333333
    """
    n = marked.size
    x = marked - marked.mean()
    total = weights.sum()
    value = n / total * (x @ weights @ x) / (x @ x)
    s1 = 0.5 * ((weights + weights.T) ** 2).sum()
    s2 = ((weights.sum(axis=0) + weights.sum(axis=1)) ** 2).sum()
    peak = (x**4).mean() / (x**2).mean() ** 2
    a = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * total**2)
    b = peak * ((n**2 - n) * s1 - 2 * n * s2 + 6 * total**2)
    square = (a - b) / ((n - 1) * (n - 2) * (n - 3) * total**2)
    return float(value), float(np.sqrt(square - 1.0 / (n - 1) ** 2))


def _rewired(doctors: Study, times: int, key: int) -> list[Check]:
    """Mean threshold with the ends of ties swapped: nobody's number of names changes."""
    who, named = (side.astype(np.int64) for side in doctors.listens.nonzero())
    here = float(np.nan_to_num(thresholds(doctors, 0)).mean())
    means = np.empty(times)
    for r in range(times):
        base = np.uint64(stream(np.uint64(key), r, EDGE_SWAP, 0, 0))
        listens = shares(who, _swapped(base, who, named), doctors.times.size)
        other = doctors._replace(listens=listens)
        means[r] = np.nan_to_num(thresholds(other, 0)).mean()
    above = float((means >= here).mean())
    p = 2.0 * min(above, 1.0 - above)
    source = "500 rewirings by netdiffuseR, printed"
    return [
        in_band("doctors, ties rewired: mean threshold", 0.5563, float(means.mean()), 0.005, "R",
                source),
        in_band("doctors, ties rewired: p of the mean threshold", 0.62, p, 0.15, "R", source),
    ]  # fmt: skip


def _swapped(base: np.uint64, who: NDArray[np.int64], named: NDArray[np.int64]) -> NDArray[Any]:
    """Swap whom two random arcs name, ten times as often as there are arcs."""
    named = named.copy()
    there = set(zip(who.tolist(), named.tolist()))
    for attempt in range(10 * who.size):
        a = (draw32(base, 2 * attempt) * who.size) >> 32
        b = (draw32(base, 2 * attempt + 1) * who.size) >> 32
        one, two = (int(who[a]), int(named[b])), (int(who[b]), int(named[a]))
        if one[0] == one[1] or two[0] == two[1] or one in there or two in there:
            continue
        there -= {(one[0], two[1]), (two[0], one[1])}
        there |= {one, two}
        named[a], named[b] = one[1], two[1]
    return named


def _categories(doctors: Study, known: FloatArray) -> list[Check]:
    """Valente's categories: a standard deviation about the mean, in time and in threshold."""
    time = doctors.times[~doctors.censored].astype(float)
    threshold = known[~doctors.censored]
    rows = []
    for name, values in (("time", time), ("threshold", threshold[~np.isnan(threshold)])):
        cuts = values.mean() + values.std(ddof=1) * np.array([-1.0, 0.0, 1.0])
        share = np.bincount(np.searchsorted(cuts, values), minlength=4) / values.size
        rows.append(
            reported(f"doctors, categories by {name}, %", " ".join(f"{100 * s:.0f}" for s in share),
                     "16 34 34 16", "M", "a normal law would give the expected ones")
        )  # fmt: skip
    return rows


#: Coefficients printed: value and error, in the columns of `_covariates`.
_PRINTED: Final = {
    "lagged exposure": (0.06835, 0.36290),
    "belief in science": (0.50842, 0.16589),
    "professional age": (0.94983, 0.34181),
    "its square": (-0.10620, 0.04736),
}


def _covariates(doctors: Study | None) -> list[Check]:
    """The regression of the showcase: exposure, month, city, belief and age, by logit."""
    what = "doctors: showcase regression, exposure .068 (.363)"
    try:
        table = pd.read_csv(find_data(TABLE))
    except KoubeiError:
        note = f"{TABLE} with id, city, belief and proage is not among the data"
        return [absent(what, note, 0.06835, "R")]
    if doctors is None:
        return [absent(what, "the network of the doctors is not among the data", 0.06835, "R")]
    rows = []
    fit = showcase_regression(doctors, table)
    for k, (name, (value, error)) in enumerate(_PRINTED.items()):
        rows.append(
            in_band(f"doctors, {name}", value, float(fit.value[k]), 5.1e-4, "R", "to three digits")
        )
        rows.append(in_band(f"doctors, {name}: error", error, float(fit.error[k]), 5.1e-4, "R"))
    return rows


def showcase_regression(doctors: Study, table: pd.DataFrame) -> Any:
    """Fit the showcase's logit of adopting now; months up to the last but one.

    Parameters
    ----------
    doctors : Study
    table : DataFrame
        One row a doctor as the R package holds them: ``id`` (within the city, or city * 1000 + id),
        ``city``, ``belief``, ``proage``; rows with an empty answer are left out.
    """
    number = table["id"].to_numpy(np.int64)
    number = np.where(number < 1000, number + 1000 * table["city"].to_numpy(np.int64), number)
    answers = table.set_index(number)[["belief", "proage"]].reindex(doctors.identity)
    belief, age = answers.to_numpy(np.float64).T
    last = int(doctors.times.max()) - 1
    rows = panel(doctors.listens, doctors.times.astype(np.float64), last)
    # The package has no exposure in the first month; who named nobody has 0.
    keep = (rows.period > 1) & ~np.isnan(belief + age)[rows.person]
    person, period = rows.person[keep], rows.period[keep]
    cities = calendar(doctors.group[person])[:, 1:]
    columns = np.column_stack(
        [rows.exposure[keep], belief[person], age[person], age[person] ** 2, cities,
         calendar(period)]
    )  # fmt: skip
    return regression(columns, rows.adopts[keep], "logit")


def _drawn(chosen: dict[str, FloatArray]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, ORANGE

        names = {"doctors": "doctors (Illinois)", "women": "women (Korea)"}
        for (who, values), colour in zip(chosen.items(), (BLUE, ORANGE)):
            known = np.sort(values[~np.isnan(values)])
            share = np.arange(1, known.size + 1) / known.size
            ax.plot(known, share, color=colour, drawstyle="steps-post", lw=1.6, label=names[who])
            ax.plot(known.mean(), 0.02, color=colour, marker="^", ms=8)
        ax.legend(frameon=False)
        ax.set_title("Thresholds: adopters among those named")
        ax.set_xlabel("share in the period before one's own (triangles: means)")
        ax.set_ylabel("share of adopters with so much or less")

    return draw
