"""Layers as one list of arcs, and arcs seen from their targets, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import (
    Layer,
    Network,
    edges,
    in_degrees,
    in_ranks,
    incoming,
    threads,
    union_rows,
)
from koubei_sim.networks import layer as layer_module


def random_network(n: int, arcs: int, layers: int, weighed: tuple[int, ...] = ()) -> Network:
    """Layers with loops dropped and parallel arcs kept, some with weights."""
    rng = np.random.default_rng([n, layers])
    made = {}
    for number in range(layers):
        weight = rng.random(arcs) if number in weighed else None
        src, dst = rng.integers(0, n, (2, arcs))
        made[f"layer{number}"] = Network.from_edges(src, dst, n, weight, parallel="keep")
    return Network.stack(made)


def test_one_layer_is_handed_over_without_a_copy() -> None:
    """Would catch a copy of the arcs, which doubles the memory of a large graph."""
    net = Network.from_edges([0, 2], [1, 1], weight=[3, 4])
    rows = union_rows(net)
    assert rows.indptr is net.layer().indptr
    assert rows.indices is net.layer().indices
    assert rows.weights is net.layer().weights
    assert rows.layer is None


@pytest.mark.parametrize("weighed", [(), (1,), (0, 1, 2)])
@pytest.mark.parametrize("size", [(1, 0), (7, 30), (5000, 20000)])
def test_rows_of_layers_follow_each_other(size, weighed) -> None:
    """Would catch arcs lost or out of order, a wrong layer, or the weight of another arc."""
    net = random_network(*size, 3, weighed)
    with threads(2):
        rows = union_rows(net)
    assert rows.indptr[0] == 0
    assert (rows.weights is None) == (not weighed)
    for u in range(net.n_nodes):
        a, b = rows.indptr[u], rows.indptr[u + 1]
        lengths = [layer.heard_by(u).size for layer in net.layers]
        expected = np.concatenate([layer.heard_by(u) for layer in net.layers])
        assert np.array_equal(rows.indices[a:b], expected)
        assert np.array_equal(rows.layer[a:b], np.repeat([0, 1, 2], lengths))
        if weighed:
            weights = [
                np.ones(length) if layer.weights is None
                else layer.weights[layer.indptr[u] : layer.indptr[u + 1]]
                for layer, length in zip(net.layers, lengths, strict=True)
            ]  # fmt: skip
            assert np.array_equal(rows.weights[a:b], np.concatenate(weights))
    types = (rows.indptr.dtype, rows.indices.dtype, rows.layer.dtype)
    assert types == (np.int64, np.int32, np.uint8)


@pytest.mark.parametrize("size", [(1, 0), (7, 30), (60, 2000), (5000, 20000)])
@pytest.mark.parametrize("piece", [1, 700, layer_module.PIECE])
def test_incoming_arcs_against_a_stable_sort(size, piece, monkeypatch) -> None:
    """Would catch arcs into a person out of order, a wrong source, or ranks that do not fit.

    With small pieces: a piece that begins at the wrong row, or writes where the last one did.
    """
    monkeypatch.setattr(layer_module, "PIECE", piece)
    rows = union_rows(random_network(*size, 2))
    n = rows.indptr.size - 1
    source = np.repeat(np.arange(n), np.diff(rows.indptr))
    order = np.argsort(rows.indices, kind="stable")
    found, bare = incoming(rows), incoming(rows, numbered=False)
    assert np.array_equal(found.arc, order)
    monkeypatch.setattr(edges, "PART_EDGES", 1000)
    with threads(3):
        assert all(map(np.array_equal, incoming(rows), found))
    assert np.array_equal(bare.source, found.source) and bare.arc.size == 0
    assert np.array_equal(found.source, source[order])
    assert np.array_equal(np.diff(found.indptr), in_degrees(rows))
    assert np.array_equal(in_degrees(rows), np.bincount(rows.indices, minlength=n))
    places = found.indptr[rows.indices] + in_ranks(rows)
    assert np.array_equal(found.arc[places], np.arange(rows.indices.size))
    types = [array.dtype for array in (*found, in_degrees(rows), in_ranks(rows))]
    assert types == [np.int64, np.int32, np.int64, np.int32, np.int32]


def test_a_layer_serves_as_rows_and_nothing_can_be_changed() -> None:
    """Would catch arrays that a kernel's caller could change under others who hold them."""
    net = random_network(9, 20, 2, (1,))
    layer = net.layers[1]
    alone = union_rows(Network((layer,)))
    assert np.array_equal(in_ranks(layer), in_ranks(alone))
    union = union_rows(net)
    for array in (*union, *incoming(layer), in_degrees(layer), in_ranks(layer)):
        assert not array.flags.writeable


def test_too_many_layers_are_refused() -> None:
    """Would catch layer numbers that wrap round in a byte."""
    indptr, indices = np.zeros(2, np.int64), np.empty(0, np.int32)
    net = Network(tuple(Layer(f"l{k}", indptr, indices) for k in range(257)))
    with pytest.raises(KoubeiError, match=r"layers: too many, got 257, allowed 1\.\.256"):
        union_rows(net)
    assert union_rows(Network(net.layers[1:])).indices.size == 0
