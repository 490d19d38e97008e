"""The disk: a file is there whole or not at all, whatever happens, and whoever else writes it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from koubei_sim import storage
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import CannotWrite, Disk, DiskFile, whole_file


class Faulty(Disk):
    """A disk whose n-th operation fails: with an error, or as if somebody interrupted it."""

    def __init__(self, at: int, fault: BaseException) -> None:
        self.at, self.fault, self.count = at, fault, 0

    def _operation(self) -> None:
        self.count += 1
        if self.count - 1 == self.at:
            raise self.fault

    def write(self, descriptor: int, content: bytes) -> None:
        if self.count == self.at:  # half of it is on the disk when it happens
            super().write(descriptor, content[: len(content) // 2])
        self._operation()
        super().write(descriptor, content)

    def flush(self, descriptor: int) -> None:
        self._operation()
        super().flush(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        self._operation()
        super().rename(old, new)


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, ""), KeyboardInterrupt()])
def test_a_fault_at_any_operation_leaves_the_old_file_or_the_new(fault, tmp_path) -> None:
    """Catches half a file under the right name, an old one that is lost, and leftovers."""
    goal = tmp_path / "table.csv"
    for at in range(10):
        goal.write_bytes(b"old")
        disk = Faulty(at, fault)
        try:
            with whole_file(goal, disk) as file:
                file.write(b"new ")
                file.write(b"table")
        except CannotWrite as error:
            assert error.errno == errno.ENOSPC
            assert str(error).startswith(f"{goal}: cannot be written (No space left on device)")
        except KeyboardInterrupt:
            pass
        else:
            break  # the fault lies beyond the last operation
        assert goal.read_bytes() == (b"new table" if disk.count == 5 else b"old")
        assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert at == 5  # two writes, the flush, the name, the flush of the folder


def test_a_block_that_fails_writes_nothing(tmp_path) -> None:
    """Catches a file that is given its name although its maker gave up."""
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "new" / "a") as file:
        file.write(b"half")
        _ = 1 / 0
    assert list((tmp_path / "new").iterdir()) == []


def test_two_writers_of_one_file_do_not_get_into_each_other(tmp_path) -> None:
    """Catches a temporary name that two share: half of one and half of the other."""
    goal = tmp_path / "shared"
    parts = [bytes([65 + k]) * 50_000 for k in range(4)]

    def write(part: bytes) -> None:
        for _ in range(20):
            with whole_file(goal) as file:
                file.write(part[:10_000])
                file.write(part[10_000:])

    threads = [threading.Thread(target=write, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if goal.exists():
            assert goal.read_bytes() in parts
    for thread in threads:
        thread.join()
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_file_has_the_rights_that_files_have(tmp_path) -> None:
    """Catches files that only their maker can read: colleagues share a folder of results."""
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "a") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_lock_goes_with_its_owner(tmp_path) -> None:
    """Catches a lock that outlives a killed process, and one that keeps nobody out."""
    pytest.importorskip("fcntl")
    path = tmp_path / "lock"
    assert not storage.taken(path)
    assert not path.exists()
    code = (
        "import sys, time; from pathlib import Path; from koubei_sim import storage\n"
        "storage.take(Path(sys.argv[1]), 0); print('mine', flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, env=environment
    )
    assert other.stdout is not None
    other.stdout.readline()
    assert storage.taken(path)
    assert storage.take(path, 0.1) is None
    other.kill()
    other.communicate()
    assert not storage.taken(path)
    mine = storage.take(path, 0.1)
    assert mine is not None
    os.close(mine)


def test_a_log_is_read_by_value_and_by_replicate(tmp_path, monkeypatch) -> None:
    """Catches rows at the edges of a window, and names that stand for another column's numbers."""
    import pyarrow as pa

    monkeypatch.setattr(storage.events, "GROUP_ROWS", 7)
    columns = {
        "replicate": storage.events.Column(np.int32),
        "time": storage.events.Column(np.float64, "when"),
        "kind": storage.events.Column(np.uint8, words=("came", "left")),
    }

    def table(found: dict[str, np.ndarray]) -> pa.Table:
        words = np.array(["came", "left"])[found["kind"]]
        kinds = pa.array(words).dictionary_encode()
        return pa.table({"kind": kinds, "replicate": found["replicate"], "when": found["time"]})

    path = tmp_path / "log.parquet"
    time = np.concatenate([np.arange(10) / 2, np.arange(15) / 2])
    lines = {
        "replicate": np.repeat([0, 2], [10, 15]).astype(np.int32),
        "time": time,
        "kind": (np.arange(25) % 3 == 0).astype(np.uint8),
    }
    with path.open("xb") as file, storage.events.EventWriter(file, columns, table) as log:
        for begin in range(0, 25, 4):
            log.append({name: column[begin : begin + 4] for name, column in lines.items()})
        with pytest.raises(KoubeiError, match="events: replicates out of order, got 1"):
            log.append({"time": time[:1], "kind": lines["kind"][:1]}, 1)
    found = storage.events.EventFile(path, columns, 3)
    assert (found.rows, [found.events_of(r) for r in range(3)]) == (25, [10, 0, 15])
    for replicate in (None, 0, 1, 2):
        for within in (None, ("time", 1.0, 4.5), ("kind", 1, 1)):
            kept = np.full(25, True) if replicate is None else lines["replicate"] == replicate
            if within is not None:
                name, low, high = within
                kept &= (lines[name] >= low) & (lines[name] <= high)
            for backward in (False, True):
                pieces = list(
                    found.pieces(("time", "kind"), replicate, backward=backward, within=within)
                )
                pieces = pieces[::-1] if backward else pieces
                for place, name in enumerate(("time", "kind")):
                    whole = np.concatenate(
                        [np.empty(0, columns[name].kind), *(p[place] for p in pieces)]
                    )
                    assert np.array_equal(whole, lines[name][kept])
                    assert whole.dtype == lines[name].dtype


def test_a_file_that_could_not_be_made_can_be_closed(tmp_path):
    """Catches an error out of Python's own closing of it, long after the one that was told."""
    goal = tmp_path / "taken"
    goal.touch()
    with pytest.raises(FileExistsError):
        DiskFile(goal, Disk())
    DiskFile.__new__(DiskFile).close()
