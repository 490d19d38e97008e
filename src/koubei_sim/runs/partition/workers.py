"""Where shards live: in this process, or as actors on the workers of a Dask cluster.

Both kinds of handle answer ``handle.call(method, *arguments)`` with something that has a
``result()``, so the hub does not know which it has.  The address of a scheduler is
looked at before a client waits there for half a minute (`trouble_at`, which studies ask, too).
"""

from __future__ import annotations

import importlib.util
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from koubei_sim.checks import word
from koubei_sim.errors import KoubeiError
from koubei_sim.runs.partition.shard import Parcel, Shard

WHERE: Final = ("here", "dask")
_PATIENCE: Final = 20  # seconds in which a scheduler should answer
#: Seconds in which a machine that is there should take a call.
_TAKES_A_CALL: Final = 5.0
#: What an address should be.
PRINTED: Final = "the address that `dask scheduler` prints, like tcp://127.0.0.1:8786"
_ADDRESS: Final = re.compile(r"(?:(\w+)://)?(\[[^\]]+\]|[^:/\[\]]+):(\d+)/?")


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


class Watched:
    """A handle whose calls and waits are timed; `spent` is shared by all shards of a run."""

    def __init__(self, handle: Handle, spent: list[float]) -> None:
        self._handle, self._spent = handle, spent

    def call(self, method: str, *arguments: Any) -> Answer:
        """Ask the shard, and note how long asking took."""
        begun = time.perf_counter()
        answer = self._handle.call(method, *arguments)
        self._spent[0] += time.perf_counter() - begun
        return _WatchedAnswer(answer, self._spent)


class _WatchedAnswer:
    def __init__(self, answer: Answer, spent: list[float]) -> None:
        self._answer, self._spent = answer, spent

    def result(self) -> Any:
        begun = time.perf_counter()
        value = self._answer.result()
        self._spent[0] += time.perf_counter() - begun
        return value


def check_where(where: str, address: str | None) -> None:
    """Refuse a place that does not exist, in one line."""
    word("where", where, WHERE)
    if where == "dask" and importlib.util.find_spec("distributed") is None:
        raise KoubeiError(
            "where", "needs the package distributed", fix="pip install koubei-sim[dask]"
        )
    if address is None:
        return
    if where != "dask":
        raise KoubeiError("address", "is for where='dask' only", got=address, fix="where='dask'")
    if not isinstance(address, str):
        raise KoubeiError("address", "must be text", got=repr(address), fix="'tcp://10.0.0.1:8786'")


def trouble_at(address: str) -> str | None:
    """Return why nobody answers at an address, in a few words; None where somebody does.

    Only addresses of TCP are looked at, encrypted or not.

    Examples
    --------
    >>> trouble_at("localhost")
    'no host:port'
    >>> trouble_at("tcp://127.0.0.1:99999")
    'ports end at 65535'
    """
    found = _ADDRESS.fullmatch(address.strip())
    scheme = address.partition("://")[0] if "://" in address else "tcp"
    if scheme not in ("tcp", "tls"):
        return None
    if found is None:
        return "no host:port"
    if not 0 < int(found[3]) < 65536:
        return "ports end at 65535"
    try:
        with socket.create_connection((found[2].strip("[]"), int(found[3])), _TAKES_A_CALL):
            return None
    except (OSError, UnicodeError) as error:
        return str(getattr(error, "strerror", None) or error or type(error).__name__)


#: Makes the shards, each from its parcel, and hands out their handles.
Settle = Callable[[Iterator[Parcel]], list[Handle]]


@contextmanager
def opened(where: str, count: int, address: str | None) -> Iterator[Settle]:
    """Open the place where shards will live, before any work is done, and close it at the end.

    Parameters
    ----------
    where : {"here", "dask"}
    count : int
        Number of shards; without an address as many single-threaded worker processes are started.
    address : str or None
        Of a Dask scheduler that runs already.

    Yields
    ------
    callable
        Takes an iterator of parcels.  They are made one at a time: only one share of the world is
        held twice.

    Raises
    ------
    KoubeiError
        Where the scheduler cannot be reached or has no workers.
    """
    if where == "here":
        yield lambda parcels: [_Here(Shard(parcel)) for parcel in parcels]
        return
    from distributed import LocalCluster

    # Handles of actors find their client by asking for the current one.
    if address is not None:
        with _client(address) as client, client.as_current():
            yield lambda parcels: _actors(client, parcels)
        return
    with (
        LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        _client(cluster) as client,
        client.as_current(),
    ):
        yield lambda parcels: _actors(client, parcels)


def _client(address: Any) -> Any:
    from distributed import Client

    if isinstance(address, str) and (trouble := trouble_at(address)) is not None:
        raise KoubeiError(
            "address", f"cannot be reached ({trouble})", got=repr(address), fix=PRINTED
        )
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise KoubeiError(
            "address", f"cannot be reached ({said})", got=repr(address), fix=PRINTED
        ) from None
    if not client.scheduler_info(n_workers=-1)["workers"]:
        client.close()
        raise KoubeiError("address", "has no workers", got=address, fix="starting some")
    return client


def _actors(client: Any, parcels: Iterator[Parcel]) -> list[Handle]:
    """One actor a worker, in turn."""
    names = list(client.scheduler_info(n_workers=-1)["workers"])
    actors: list[Handle] = []
    for parcel in parcels:
        worker = names[parcel.number % len(names)]
        # In a list: older releases of dask take a named tuple for one, and make it anew wrongly.
        (share,) = client.scatter([parcel], workers=[worker], hash=False)
        future = client.submit(Shard, share, actor=True, workers=[worker], pure=False)
        actors.append(_Actor(future.result()))
        share.release()  # the worker has made its shard: the parcel may go
    return actors
