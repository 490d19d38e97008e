"""Logs on disk: whole replicates, whole files, nothing left behind."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from koubei_sim.cascades import stream
from koubei_sim.cascades.stream import ActivationWriter, activation_parts, read_activations
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import Disk, events


def _logs():
    if "koubei_cascade_logs" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "cascade_logs.py"
        spec = importlib.util.spec_from_file_location("koubei_cascade_logs", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_cascade_logs"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_cascade_logs"]


logs = _logs()


def _same(a, b):
    for name, x, y in zip(a._fields, a, b):
        assert x.dtype == y.dtype, name
        np.testing.assert_array_equal(x, y, err_msg=name)


def _cut(log, low, high):
    return stream.rows_between(log, *np.searchsorted(log.replicate, [low, high]).tolist())


@pytest.fixture
def log(key):
    found = logs.random_log(10, 40, 2, key, first=2)
    return found._replace(
        until=np.where(found.person % 2, np.inf, found.time + 0.1),
        kind=(found.person % 3).astype(np.int8),
    )


@pytest.fixture
def path(tmp_path, log, monkeypatch):
    monkeypatch.setattr(events, "GROUP_ROWS", 13)  # replicates straddle the row groups
    with ActivationWriter(tmp_path / "log.parquet") as writer:
        for low, high in ((2, 5), (5, 5), (5, 6), (6, 12)):
            writer.append(_cut(log, low, high))
        assert writer.rows == log.person.size
    return tmp_path / "log.parquet"


def test_what_is_written_is_read(path, log):
    """Catches lost rows, other types, and infinities that do not survive."""
    _same(read_activations(path), log)
    assert [p.name for p in path.parent.iterdir()] == ["log.parquet"]


def test_one_replicate_is_read_whole_and_alone(path, log, monkeypatch):
    """Catches a replicate cut at a row group, and a read of the whole file for one of them."""
    touched = []
    real = events.EventFile._group
    monkeypatch.setattr(
        events.EventFile, "_group", lambda *words: touched.append(words[2]) or real(*words)
    )
    for r in range(2, 12):
        touched.clear()
        _same(read_activations(path, r), _cut(log, r, r + 1))
        assert len(touched) <= 40 // 13 + 2
    assert read_activations(path, 99).person.size == 0


@pytest.mark.parametrize("rows", [1, 20, 60, 10**6])
def test_parts_hold_whole_replicates_and_all_of_them(path, log, rows):
    """Catches trees cut in two at the end of a part, and rows lost or read twice."""
    parts = list(activation_parts(path, rows))
    _same(stream.joined(parts), log)
    firsts = [int(part.replicate[0]) for part in parts]
    lasts = [int(part.replicate[-1]) for part in parts]
    assert all(last < first for last, first in zip(lasts, firsts[1:]))
    if rows == 20:
        assert len(parts) > 3


def test_a_file_appears_only_when_it_is_whole(tmp_path, log):
    """Catches a half-written log under the final name, and an old one lost to a failed run."""
    goal = tmp_path / "log.parquet"
    goal.write_bytes(b"old")
    writer = ActivationWriter(goal)
    writer.append(log)
    assert goal.read_bytes() == b"old"
    writer.abort()
    writer.abort()
    assert [p.name for p in tmp_path.iterdir()] == ["log.parquet"]
    assert goal.read_bytes() == b"old"
    with pytest.raises(RuntimeError), ActivationWriter(goal) as other:
        other.append(log)
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["log.parquet"]
    with ActivationWriter(goal) as last:
        last.append(log)
    assert last.close() == goal
    _same(read_activations(goal), log)
    with pytest.raises(KoubeiError, match="the log is closed"):
        last.append(log)


def test_a_run_without_activations_leaves_an_empty_log(tmp_path):
    """Catches a file without columns, which could not be read."""
    ActivationWriter(tmp_path / "none.parquet").close()
    assert read_activations(tmp_path / "none.parquet").person.size == 0
    assert list(activation_parts(tmp_path / "none.parquet")) == []


def test_replicates_out_of_order_are_refused(tmp_path, log):
    """Catches pieces of threads that arrive in another order: one replicate would be split."""
    writer = ActivationWriter(tmp_path / "log.parquet")
    writer.append(_cut(log, 4, 6))
    with pytest.raises(KoubeiError, match="replicates out of order, got 5, allowed above 5"):
        writer.append(_cut(log, 5, 7))
    with pytest.raises(KoubeiError, match="out of order"):
        writer.append(type(log)(*(column[::-1] for column in _cut(log, 7, 9))))
    writer.abort()


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, log, monkeypatch):
    """Catches a traceback of the parquet library and a temporary file left behind."""
    writer = ActivationWriter(tmp_path / "log.parquet")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Disk, "write", full)
    with pytest.raises(KoubeiError, match="cannot be written \\(No space left on device\\)"):
        writer.append(log)
    assert list(tmp_path.iterdir()) == []


def test_wrong_files_and_places_are_refused(tmp_path, path):
    """Catches tracebacks for a missing folder, a missing file, another table."""
    import pyarrow as pa
    from pyarrow import parquet

    with pytest.raises(KoubeiError, match="no such folder"):
        ActivationWriter(tmp_path / "no" / "log.parquet")
    with pytest.raises(KoubeiError, match="is a folder"):
        ActivationWriter(tmp_path)
    with pytest.raises(KoubeiError, match="cannot be read"):
        read_activations(tmp_path / "missing.parquet")
    parquet.write_table(pa.table({"person": [1]}), tmp_path / "other.parquet")
    with pytest.raises(KoubeiError, match="not a log of activations, got no replicate"):
        read_activations(tmp_path / "other.parquet")


def test_no_damage_is_read_as_data(path, log):
    """Catches a flipped byte that changes a person or a time unseen: pages carry checksums."""
    import pyarrow

    content = path.read_bytes()
    refused = 0
    end = len(content) - 8
    if int(pyarrow.__version__.split(".")[0]) < 26:  # these check less of what the footer says
        end -= int.from_bytes(content[-8:-4], "little")
    for place in range(4, end, 37):
        damaged = bytearray(content)
        damaged[place] ^= 0x15
        path.write_bytes(damaged)
        try:
            found = read_activations(path)
        except KoubeiError:
            refused += 1
        else:  # a byte of the footer that says nothing of the data, such as the writer's name
            _same(found, log)
    assert refused > 20
