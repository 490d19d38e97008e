"""Named data sets as records: `study("korea")`, `study("medical")`, `study("microfinance")`.

The files are not shipped: they are looked for as by `networks.find_data`.  Each reader says what
it had to put right, and refuses a file that is not as described.
Called by people, by ``koubei judge korea``, and by experiments and verifications.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.reading import read_diffusion
from koubei_sim.networks import find_data

if TYPE_CHECKING:
    import pandas as pd


def korea() -> Diffusion:
    """Family planning in 25 Korean villages, 1964 to 1973 (Rogers and Kincaid 1981).

    1,047 women, who names whom, the year of adoption (1 to 10).  In the table the columns
    ``village``, ``adoption_time`` and ``censored`` stand in the order of the numeric ids, while
    ``node`` and ``original_id`` stand in the order of the ids as text: row k of the former belongs
    to the k-th smallest id.  Put right here; the village is that in the id for everybody then.
    """
    given = _table(find_data("korean_family_planning_adoption.csv"))
    order = np.argsort(given["original_id"].to_numpy(), kind="stable")
    table = given[["node", "original_id"]].copy()
    for name in ("village", "adoption_time", "censored"):
        column = np.empty(len(given), np.int64)
        column[order] = given[name].to_numpy()
        table[name] = column
    _as_in_ids("korea", table["village"].to_numpy(), table["original_id"].to_numpy())
    d = read_diffusion(
        find_data("korean_family_planning.edges.gz"), table, id="node", time="adoption_time",
        groups="village", censored="censored",
    )  # fmt: skip
    return _noted(d, "columns village, adoption_time and censored put in the order of the ids")


def medical() -> Diffusion:
    """Tetracycline in four cities of Illinois (Coleman, Katz and Menzel 1966).

    125 physicians, who names whom (for advice, discussion or friendship), the month
    of the first prescription (1 to 17); groups are cities.
    """
    table = _table(find_data("medical_innovation_adoption.csv"))
    _as_in_ids("medical", table["city"].to_numpy(), table["original_id"].to_numpy())
    table["city"] = table["city"].astype(np.int64)
    return read_diffusion(
        find_data("medical_innovation.edges.gz"), table, id="node", time="adoption_time",
        groups="city", censored="censored",
    )  # fmt: skip


def microfinance() -> Diffusion:
    """Loans in 38 Indian villages (Banerjee, Chandrasekhar, Duflo and Jackson 2013).

    8,622 households, mutual ties of any relation; leaders, who were told first, are a covariate.
    The study gives no times: who took a loan adopts in period 1, the only one, so this is a record
    of who, not of when.  Nine tied households without a row are left out with their 27 ties.
    """
    table = _table(find_data("microfinance_households.csv"))
    table["time"] = np.where(table["took_loan"] == 1, 1.0, np.nan)
    return read_diffusion(
        find_data("microfinance_villages.edges.gz"), table, id="node", time="time", until=1,
        start=1, groups="village", strangers="drop",
        covariates=["leader", "religion", "roof", "rooms_count", "beds_count",
                    "electricity_code", "ownership"],
    )  # fmt: skip


#: Data set -> its reader.
STUDIES: Final[dict[str, Callable[[], Diffusion]]] = {
    "korea": korea,
    "medical": medical,
    "microfinance": microfinance,
}


def study(name: str) -> Diffusion:
    """Return a named data set as a record.

    Parameters
    ----------
    name : {"korea", "medical", "microfinance"}
        *korea*: family planning, 1,047 women of 25 villages, 10 years (Rogers and Kincaid 1981).
        *medical*: tetracycline, 125 physicians of 4 cities, 17 months (Coleman, Katz and Menzel
        1966).  *microfinance*: loans, 8,622 households of 38 villages, without times (Banerjee and
        others 2013).

    Returns
    -------
    Diffusion
        An arc goes from who was named to who named.  ``d.network.notes["people"]`` says what was
        put right.

    Raises
    ------
    KoubeiError
        An unknown name; a file that is not there, or not as described.
    """
    return STUDIES[checks.word("study", name, tuple(STUDIES))]()


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(path)


def _as_in_ids(name: str, group: object, ids: object) -> None:
    """Refuse a table in which a group is not that in the id: its columns are out of order."""
    wrong = np.asarray(group) != np.asarray(ids) // 1000
    if wrong.any():
        raise KoubeiError(
            name, "groups are not those in the ids: columns out of order",
            got=f"{int(wrong.sum())} of {wrong.size} people", allowed="original_id // 1000",
        )  # fmt: skip


def _noted(d: Diffusion, note: str) -> Diffusion:
    said = "; ".join(part for part in (d.network.notes.get("people", ""), note) if part)
    d.network = replace(d.network, notes={**d.network.notes, "people": said})
    return d
