"""Published and computed results made again, each with a table of verdicts and a figure.

``koubei verify borel`` in a checkout runs one, and so does ``replicate("borel")``, which returns a
`Replication`; `NAMES` lists what there is.  One file is one replication; what they share is in
`verdict` (the form of the answer), `graphs` (random graphs that only they need), `coverage`
(choosing seeds) and `report` (what the command says).  `exact_laws` holds the laws of cascades on
graphs of a few people, by which the tests judge fast code.

This folder stands beside the library, not in it: it needs the library, never the other way round,
and it is not installed.
"""

from __future__ import annotations

import time as clock
from dataclasses import replace
from importlib import import_module
from typing import Any, Final, NamedTuple

from koubei_sim.errors import KoubeiError, nearest
from verification.verdict import KEY, Check, Replication

__all__ = ["NAMES", "REPLICATIONS", "Check", "Entry", "Replication", "replicate"]

SCALES: Final = ("quick", "full")


class Entry(NamedTuple):
    """What the list says of a replication before it is loaded."""

    module: str
    what: str  # one line of at most 60 signs


#: Name -> where it is and what it makes again; in the order of the list.
REPLICATIONS: Final[dict[str, Entry]] = {
    "tiny-graphs": Entry("tiny_graphs", "closed forms of cascades on small graphs"),
    "bass-curves": Entry("bass_curves", "Bass among everybody, on circles, in pairs; ticks"),
    "percolation": Entry("percolation", "cascade size on five configuration graphs"),
    "cascade-window": Entry("cascade_window", "Watts's window; how many seeds it takes"),
    "purity": Entry("purity", "share of enthusiasts at which a population tips"),
    "borel": Entry("borel", "small cascades: means, tails, law of Borel"),
    "common-numbers": Entry("common_numbers", "common random numbers: bits kept, runs saved"),
    "nethept": Entry("nethept", "the 50 best seeds of NetHEPT, by convention"),
    "centola-macy": Entry("centola_macy", "complex contagion on a rewired lattice"),
    "granovetter": Entry("granovetter", "two crowds that differ by one threshold"),
    "acceleration": Entry("acceleration", "value of seeding = acceleration + expansion"),
    "cascade-shape": Entry("cascade_shape", "shape of cascades on heavy-tailed graphs"),
    "bass-fit": Entry("bass_fit", "fitting Bass: known truth, then US durables"),
    "xiaomi-waves": Entry("xiaomi_waves", "MIUI users: does one wave explain them"),
    "thresholds": Entry("thresholds", "thresholds of doctors and women; netdiffuseR's showcase"),
    "latent-homophily": Entry("latent_homophily", "contagion found where there is none"),
    "matched-peers": Entry("matched_peers", "peer influence: naive, and by matched samples"),
    "shuffle-test": Entry("shuffle_test", "shuffled times and shuffled ties: size and power"),
    "tree-shapes": Entry("tree_shapes", "shapes of real trees, and of recruitment"),
    "watch-launch": Entry("watch_launch", "a watch in chat groups: one number left to fail"),
}
NAMES: Final = tuple(REPLICATIONS)


def entry(name: str) -> Entry:
    """Return the entry of a replication; underscores may stand for hyphens.

    Raises
    ------
    KoubeiError
        When there is none of that name.
    """
    plain = name.replace("_", "-").lower()
    if plain not in REPLICATIONS:
        raise KoubeiError(
            "replication", "unknown", got=name, allowed=", ".join(NAMES), fix=nearest(plain, NAMES)
        )
    return REPLICATIONS[plain]


def replicate(name: str, scale: str = "quick", rng: Any = KEY) -> Replication:
    """Make a result again.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    scale : {"quick", "full"}
        Seconds, or up to a minute or so with smaller errors.
    rng : int, SeedSequence, Generator or None
        Source of the key.  The verdicts are promised for the key that stands as default: with
        others a test at 4 standard errors fails once in 16,000.

    Returns
    -------
    Replication

    Raises
    ------
    KoubeiError
        Unknown name or scale, wrong `rng`.

    Examples
    --------
    >>> found = replicate("granovetter")
    >>> found.verdict, found.rows[0].found
    ('reproduced', 100)
    """
    module = entry(name).module
    if scale not in SCALES:
        raise KoubeiError("scale", "unknown", got=scale, allowed=", ".join(SCALES))
    from koubei_sim.core.draws import key_from

    key = key_from(rng)
    run = import_module(f"verification.{module}").run
    started = clock.perf_counter()
    found: Replication = run(scale, key)
    return replace(found, seconds=clock.perf_counter() - started)
