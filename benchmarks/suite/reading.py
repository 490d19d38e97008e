"""Reading networks from files, written here into a temporary folder (synthetic edges).

Small is 200,000 arcs, large ten million; the writer is that of `bench_reading.py`, which also
shows seconds of the wall on two threads.  CPU time of all threads together.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench_reading import write

from koubei_sim import networks

from . import sizes

ARCS = {sizes.SMALL: 200_000, sizes.LARGE: 10_000_000}
KINDS = ["x.edges", "x.edges.gz", "x.csv", "x.parquet"]


class Reading:
    """One file read."""

    params = (KINDS, sizes.SIZES)
    param_names = ("file", "size")
    timer = sizes.cpu
    repeat = sizes.REPEAT

    def setup(self, file, size):
        """Write the file, and a small one that loads the kernels."""
        self.folder = tempfile.TemporaryDirectory(prefix="koubei-bench-")
        self.path = Path(self.folder.name) / file
        small = Path(self.folder.name) / f"small_{file}"
        write(small, 2_000, 200)
        networks.read_network(small, directed=True)
        write(self.path, ARCS[size], ARCS[size] // 10)

    def teardown(self, file, size):
        """Delete the files."""
        self.folder.cleanup()

    def time_read(self, file, size):
        """Read the file into a network."""
        networks.read_network(self.path, directed=True)

    def track_read(self, file, size):
        """Arcs read a second."""
        return ARCS[size] / sizes.least(lambda: self.time_read(file, size), 2) / 1e6

    track_read.unit = "M arcs/s"


class ReadingMemory(Reading):
    """Memory of reading; two million arcs where small, less would drown in what is held."""

    params = (["x.edges", "x.parquet"], sizes.SIZES)
    time_read = track_read = None

    def setup(self, file, size):
        """Write a larger file."""
        super().setup(file, size)
        if size == sizes.SMALL:
            write(self.path, 2_000_000, 200_000)

    def peakmem_read(self, file, size):
        """Read the file into a network."""
        self.network = networks.read_network(self.path, directed=True)
