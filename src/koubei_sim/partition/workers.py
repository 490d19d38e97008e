"""Where shards live: in this process, or as actors on the workers of a Dask cluster.

Both kinds of handle answer ``handle.call(method, *arguments)`` with something that has a
``result()``, so the hub does not know which it has.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from koubei_sim.errors import KoubeiError
from koubei_sim.partition.shard import Parcel, Shard

WHERE: Final = ("here", "dask")


class Answer(Protocol):
    """What a call returns."""

    def result(self) -> Any:
        """Wait for the value, and return it."""


class Handle(Protocol):
    """A shard, wherever it is."""

    def call(self, method: str, *arguments: Any) -> Answer:
        """Ask the shard to run one of its methods."""


class _Done:
    def __init__(self, value: Any) -> None:
        self._value = value

    def result(self) -> Any:
        return self._value


class _Here:
    def __init__(self, shard: Shard) -> None:
        self._shard = shard

    def call(self, method: str, *arguments: Any) -> Answer:
        return _Done(getattr(self._shard, method)(*arguments))


class _Actor:
    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def call(self, method: str, *arguments: Any) -> Answer:
        answer: Answer = getattr(self._actor, method)(*arguments)
        return answer


def check_where(where: str, address: str | None) -> None:
    """Refuse a place that does not exist, in one line."""
    if where not in WHERE:
        raise KoubeiError("where", "unknown place", got=where, allowed=", ".join(WHERE))
    if where == "dask" and importlib.util.find_spec("distributed") is None:
        raise KoubeiError(
            "where", "needs the package distributed", fix="pip install koubei-sim[dask]"
        )
    if address is not None and where != "dask":
        raise KoubeiError("address", "is for where='dask' only", got=address, fix="where='dask'")


@contextmanager
def settled(
    parcels: Iterator[Parcel], count: int, where: str, address: str | None
) -> Iterator[list[Handle]]:
    """Make the shards, each from its parcel, and hand out their handles.

    Parameters
    ----------
    parcels : iterator of Parcel
        Made one at a time: only one share of the world is held twice.
    count : int
        Number of shards; without an address as many single-threaded worker processes are started.
    where : {"here", "dask"}
    address : str or None
        Of a Dask scheduler that runs already.
    """
    if where == "here":
        yield [_Here(Shard(parcel)) for parcel in parcels]
        return
    from distributed import Client, LocalCluster

    # Handles of actors find their client by asking for the current one.
    if address is not None:
        with Client(address, set_as_default=False) as client, client.as_current():
            yield _actors(client, parcels)
        return
    with (
        LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        client.as_current(),
    ):
        yield _actors(client, parcels)


def _actors(client: Any, parcels: Iterator[Parcel]) -> list[Handle]:
    """One actor a worker, in turn."""
    names = list(client.scheduler_info(n_workers=-1)["workers"])
    actors: list[Handle] = []
    for parcel in parcels:
        worker = names[parcel.number % len(names)]
        share = client.scatter(parcel, workers=[worker], hash=False)
        future = client.submit(Shard, share, actor=True, workers=[worker], pure=False)
        actors.append(_Actor(future.result()))
        client.cancel(share)
    return actors
