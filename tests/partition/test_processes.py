"""Shards in processes of their own, on a Dask cluster: the same bytes, and nothing left behind."""

from __future__ import annotations

import importlib.util
from typing import Any

import psutil
import pytest
from tests.worlds import random_world, unlimited

from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.world import build
from koubei_sim.runs.differences import difference
from koubei_sim.runs.partition import partition_world, run_partitioned, workers

needs_distributed = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="distributed is not installed"
)


def own_processes() -> set[int]:
    """Processes that this one has started, however far down."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


@needs_distributed
def test_processes_make_the_same_bytes() -> None:
    """Catches what only holds in one process (arrays shared by chance, read-only copies, a client
    that actors do not find), warnings, workers that are still there afterwards, and traffic that
    depends on where shards are."""
    before = own_processes()
    world = unlimited(random_world(1003, n=400, ticks=25))
    found = partition_world(world, 2, where="dask")
    assert difference(run_compiled(world), found.history) is None
    here = partition_world(world, 2)
    bytes_of = ["tellings", "posts", "claims", "records", "news", "total"]
    assert (found.traffic[bytes_of] == here.traffic[bytes_of]).all(axis=None)
    # multiprocessing keeps one process that watches over the names it has given
    left = [p for p in own_processes() - before if "tracker" not in " ".join(command(p))]
    assert not left, [command(p) for p in left]


def command(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return ["tracker, gone"]


@needs_distributed
def test_a_cluster_that_runs_already() -> None:
    """Catches an address that is not used, more shards than workers refused, and a cluster that
    is closed by its guest."""
    from distributed import Client, LocalCluster

    world = unlimited(random_world(1004, n=330, ticks=12))
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        found = partition_world(world, 3, where="dask", address=cluster.scheduler_address)
        with Client(cluster, set_as_default=False) as client:
            assert client.submit(sum, [1, 2]).result() == 3
    assert difference(run_compiled(world), found.history) is None


@needs_distributed
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://127.0.0.1:1", r"address: cannot be reached \(.*\), got 'tcp://127.0.0.1:1'"),
        ("nonsense", r"address: cannot be reached \(no host:port"),
        (8786, r"address: must be text, got 8786"),
    ],
)
def test_unreachable_addresses_are_one_line(
    address: Any, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a traceback of the transport, and a world built before anybody has answered."""
    monkeypatch.setattr(workers, "_PATIENCE", 1)
    monkeypatch.setattr(build, "build_world", lambda *_: pytest.fail("worked before it looked"))
    with pytest.raises(KoubeiError, match=expected) as caught:
        run_partitioned("tiny", rng=1, where="dask", address=address)
    assert "\n" not in str(caught.value)


def test_without_distributed_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches an ImportError with a traceback."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(KoubeiError, match=r"where: needs the package distributed, try pip install"):
        run_partitioned("tiny", rng=1, where="dask")
