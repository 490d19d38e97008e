"""People and graphs, made once a process and handed to every run that would draw the same ones.

At a million people they take seconds to make and a run of other behaviour has the same ones, so all
doors ask here before they draw.  What they hang on stands in a name (`Simulation.name`): the key,
the number of the world, the part of the scenario that `of_people` leaves, and digests of graphs,
tables and files that were supplied.  What nobody may write to can be handed on: arrays are locked.

Two things bound the memory.  What was used last stays within `bound`, the least recently used goes
first; and all of it goes before a run is refused (`give_way`).  What some `Simulation` still holds
is found whatever the bound: it is there anyway.
Called by `Simulation`; `fitting` asks for room, the command line what is kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks, storage
from koubei_sim._version import __version__
from koubei_sim.core import store
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.content import plain
from koubei_sim.model.world.arrays import Graphs
from koubei_sim.model.world.population import Population

logger = logging.getLogger("koubei_sim")

#: Environment variables: GiB that kept worlds may take (0: none is kept), and a folder for them.
BOUND: Final = "KOUBEI_WORLDS"
FOLDER: Final = "KOUBEI_WORLDS_FOLDER"
#: Without the first: so many bytes, and no more than so large a part of what is available.
MOST: Final = 4 * 2**30
PART: Final = 1 / 8

# What people and graphs hang on -------------------------------------------------------------------

#: Tables of a scenario on which neither hang.  What is not listed counts, so that a new parameter
#: can only cost a world that is made once more.  (The number of the world says what `shared_world`
#: does.)
_CONDUCT: Final = frozenset(
    {"name", "title", "description", "milestones", "ticks", "start_date", "shared_world", "seeding",
     "nodes", "media", "participation", "telling", "hearing", "loyalty", "service", "supply",
     "costs", "events", "people_per_agent", "goods", "buying"}
)  # fmt: skip
#: The same of each segment, channel and product, and of the market.
_CONDUCT_OF: Final = {
    "segments": frozenset({"reading_budget", "reinforcement", "reinforcement_share", "enthusiast",
                  "join", "tell", "leave", "gain", "opens_at"}),
    "channels": frozenset(
        {"visibility", "persuasion", "tell", "fidelity", "half_life", "background_load", "reading",
         "readers_per_post", "opens_at", "join_on_adoption", "members_at_start", "interest",
         "lurkers", "reply", "dilution", "service_capacity", "moderation",
         "surprises", "surprise_gain", "surprise_cost", "share", "share_force", "staff_share",
         "retelling", "retelling_force",
         "service_public", "staff_cost",
         "tie_floor", "amplify", "amplify_visibility", "amplify_cost"}
    ),
    "products": frozenset(
        {"quality", "difficulty", "launch_at", "release_interval", "reading_capacity", "effort",
         "learn_quality", "bar", "bar_expert", "scale_quality", "learn_difficulty", "own_work",
         "scale_difficulty",
         "visible_progress", "taste_group", "needs", "new_needs", "fixes", "need_share",
         "need_exponent", "need_severity", "expert_needs", "fix_rule", "regressions", "price"}
    ),
}  # fmt: skip
_CONDUCT_OF_MARKET: Final = frozenset(
    {"open_to_all", "admission", "off_taste", "aware_at_start", "rejection",
     "rejection_resistance", "rejected_return", "rival", "replacement_days", "copied",
     "copied_after"}
)  # fmt: skip


def of_people(scenario: Scenario) -> str:
    """Return the scenario without what neither people nor graphs hang on, as text.

    The order of entries counts: channels and segments are drawn by their number.

    Examples
    --------
    >>> base = Scenario.load("tiny")
    >>> of_people(base) == of_people(base.replace(**{"channels.weibo.tell": 0.01}))
    True
    >>> of_people(base) == of_people(base.replace(**{"market.taste_sd": 0.5}))
    False
    """
    content = scenario.to_dict()
    found = {name: value for name, value in content.items() if name not in _CONDUCT}
    for table, conduct in _CONDUCT_OF.items():
        found[table] = {name: _without(e, conduct) for name, e in content[table].items()}
    found["market"] = _without(content["market"], _CONDUCT_OF_MARKET)
    priced = any(product.price > 0 for product in scenario.products.values())
    found["priced"] = priced or bool(scenario.goods)
    return json.dumps(plain(found), ensure_ascii=False)


def _without(entry: dict[str, Any], conduct: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in conduct}


# The worlds of a process --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Parts:
    """The people and the graphs of a replicate, which nobody may write to."""

    population: Population
    graphs: Graphs

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield all arrays with their names."""
        yield from self.population._asdict().items()
        for name, channels in self.graphs._asdict().items():
            yield from ((f"{name}{c}", array) for c, array in enumerate(channels))

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for _, array in self.arrays())

    def locked(self, copied: bool) -> Parts:
        """Return the same with arrays that cannot be written to.

        Parameters
        ----------
        copied : bool
            Whether somebody outside may own some of the arrays: a table's columns, a graph's rows.
        """
        found = {name: array.copy() if copied else array for name, array in self.arrays()}
        for array in found.values():
            array.flags.writeable = False
        return parts_of(found)


def parts_of(arrays: dict[str, NDArray[Any]]) -> Parts:
    """Return the parts whose arrays have these names.

    Raises
    ------
    KeyError
        Where one is missing.
    """
    population = Population(**{name: arrays[name] for name in Population._fields})
    channels = range(sum(name.startswith("indptr") for name in arrays))
    graphs = Graphs(*(tuple(arrays[f"{name}{c}"] for c in channels) for name in Graphs._fields))
    return Parts(population, graphs)


class Worlds:
    """The people and graphs that a process keeps; any thread may ask.

    Two threads that ask for the same ones make them once, different ones are made side by side.

    Attributes
    ----------
    nbytes : int
        Bytes of the arrays that are kept.
    """

    def __init__(self) -> None:
        self.nbytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Parts, int]] = OrderedDict()
        self._alive: WeakValueDictionary[str, Parts] = WeakValueDictionary()
        self._being_made: dict[str, threading.Lock] = {}

    @property
    def entries(self) -> int:
        """Number of worlds kept."""
        return len(self._kept)

    def clear(self) -> None:
        """Keep none."""
        with self._lock:
            self._kept.clear()
            self.nbytes = 0

    def parts(self, name: str, make: Callable[[], Parts], keep: bool = True) -> Parts:
        """Return the parts of this name, made where there are none.

        Parameters
        ----------
        name : str
            Digest of all that they hang on.
        make : callable
        keep : bool
            Whether they may outlive those who hold them, and go to the disk.
        """
        most = bound() if keep else None
        with self._lock:
            found = self._found(name, most)
            if found is not None:
                return found
            being_made = self._being_made.setdefault(name, threading.Lock())
        with being_made:
            with self._lock:
                found = self._found(name, most)
            if found is not None:  # by the thread that we waited for
                return found
            try:
                made = _stored(name, make) if keep else make()
                with self._lock:
                    self._alive[name] = made
                    self._keep(name, made, most)
            finally:
                with self._lock:
                    self._being_made.pop(name, None)
        return made

    def _found(self, name: str, most: int | None) -> Parts | None:
        found = self._alive.get(name)
        if found is not None:
            self._keep(name, found, most)
        return found

    def _keep(self, name: str, parts: Parts, most: int | None) -> None:
        """Note that parts were used now, and let go of what is too much."""
        if most is None:
            return
        if name in self._kept:
            self._kept.move_to_end(name)
        elif (size := parts.nbytes) <= most:
            self._kept[name] = parts, size
            self.nbytes += size
        while self.nbytes > most:
            self.nbytes -= self._kept.popitem(last=False)[1][1]


#: Those of this process.
WORLDS: Final = Worlds()


def bound() -> int:
    """Return how many bytes kept worlds may take.

    Raises
    ------
    KoubeiError
        Where the environment variable is no number.
    """
    given = os.environ.get(BOUND)
    if not given:
        return _usual_bound()
    try:
        number: Any = float(given)
    except ValueError:
        number = given
    return int(checks.number(BOUND, number, 0.0, 1e6) * 2**30)


@cache
def _usual_bound() -> int:
    import psutil

    return min(MOST, int(PART * psutil.virtual_memory().available))


def give_way(needed: float) -> float:
    """Return the bytes available; kept worlds go where it would be fewer than `needed`."""
    import psutil

    bound()  # a wrong one is refused here, before any work
    available = float(psutil.virtual_memory().available)
    if needed > available and WORLDS.entries:
        WORLDS.clear()
        available = float(psutil.virtual_memory().available)
    return available


# On disk, where somebody asks for it --------------------------------------------------------------


def folder() -> Path | None:
    """Return the folder for worlds; None where none is named."""
    named = os.environ.get(FOLDER)
    return Path(named).expanduser() if named else None


@cache
def _sources() -> str:
    """Return a digest of this library: what another one has drawn may be another world."""
    found = hashlib.sha256(__version__.encode())
    for text in store.sources(store.PACKAGE, all_of_them=True):
        found.update(text)
    return found.hexdigest()


def _stored(name: str, make: Callable[[], Parts]) -> Parts:
    """Return parts from the folder; where they are not there or damaged, made and put there."""
    place = folder()
    if place is None:
        return make()
    file = place / f"{hashlib.sha256(f'{_sources()} {name}'.encode()).hexdigest()[:32]}.npz"
    try:
        # Opened here: numpy leaves a file open that it cannot read.
        with open(file, "rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            return parts_of({key: arrays[key] for key in arrays.files}).locked(copied=False)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("%s is damaged (%s), its world is made anew", file, type(error).__name__)
    made = make()
    try:
        with storage.whole_file(file) as sink:
            np.savez(sink, allow_pickle=False, **dict(made.arrays()))
    except KoubeiError as error:  # a full disk costs time, not the run
        logger.warning("%s", error)
    return made
