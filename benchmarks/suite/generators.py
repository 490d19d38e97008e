"""Making networks: every generator, and what is made of edges and rows.

One thread, so that the figure is that of the loops; `bench_networks.py` shows the threads.  Small
is fifty thousand people, large a million; about ten ties a person.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from koubei_sim import networks
from koubei_sim.networks import Network

from . import sizes

PEOPLE = {sizes.SMALL: 50_000, sizes.LARGE: 1_000_000}
GENERATORS = {
    "follow_graph": lambda n: networks.follow_graph(n, 15, 2.3, key=1),
    "small_world": lambda n: networks.small_world(n, 20, key=2),
    "watts_strogatz": lambda n: networks.watts_strogatz(n, 10, 0.1, key=2),
    "configuration": lambda n: networks.configuration(n=n, mean_degree=15, key=3),
    "erdos_renyi": lambda n: networks.erdos_renyi(n, mean_degree=10, key=4),
    "barabasi_albert": lambda n: networks.barabasi_albert(n, 5, key=5),
    "ring": lambda n: networks.ring(n, 10),
    "lattice": lambda n: networks.lattice(n // 250, 250),
    "complete": lambda n: networks.complete(int((10 * n) ** 0.5)),  # as many arcs as the others
}


class Generators:
    """A generator called once."""

    params = (list(GENERATORS), sizes.SIZES)
    param_names = ("generator", "size")
    timer = sizes.cpu
    repeat = sizes.REPEAT

    def setup(self, generator, size):
        """Load the kernels on a small case."""
        self.make, self.n = GENERATORS[generator], PEOPLE[size]
        with networks.threads(1):
            self.make(5_000)

    def time_make(self, generator, size):
        """Make the network."""
        with networks.threads(1):
            self.network = self.make(self.n)

    def track_make(self, generator, size):
        """Arcs made a second."""
        seconds = sizes.least(lambda: self.time_make(generator, size), 2)
        return self.network.n_arcs / seconds / 1e6

    track_make.unit = "M arcs/s"


class GeneratorMemory:
    """Memory of the two generators that scenarios use."""

    params = (["follow_graph", "small_world"], sizes.SIZES)
    param_names = ("generator", "size")

    def setup(self, generator, size):
        """Load the kernels on a small case."""
        self.make, self.n = GENERATORS[generator], PEOPLE[size] * (2 if size == sizes.SMALL else 1)
        self.make(5_000)

    def peakmem_make(self, generator, size):
        """Make the network (small: a hundred thousand people)."""
        self.network = self.make(self.n)


class Rows:
    """What is made of a network: rows out of edges, strength of ties, one graph of all layers."""

    params = (sizes.SIZES,)
    param_names = ("size",)
    timer = sizes.cpu
    repeat = sizes.REPEAT

    def setup(self, size):
        """Draw edges in random order; load the kernels."""
        n = PEOPLE[size]
        random = np.random.Generator(np.random.PCG64(1))
        self.n = n
        self.src, self.dst = random.integers(0, n, (2, 20 * n), dtype=np.int32)
        with networks.threads(1):
            self.network = networks.configuration(n=n, mean_degree=15, key=3)
        layer = self.network.layer()
        self.layers = Network((layer, replace(layer, name="b")))

    def time_from_edges(self, size):
        """Sort twenty edges a person into rows."""
        with networks.threads(1):
            Network.from_edges(self.src, self.dst, self.n)

    def time_tie_strength(self, size):
        """Count common friends for every tie."""
        with networks.threads(1):
            networks.tie_strength(self.network)

    def time_union_rows(self, size):
        """Put two layers into one graph."""
        with networks.threads(1):
            networks.union_rows(self.layers)

    def track_from_edges(self, size):
        """Edges sorted a second."""
        return self.src.size / sizes.least(lambda: self.time_from_edges(size), 2) / 1e6

    track_from_edges.unit = "M edges/s"
