"""Social graphs: `Network`, generators, readers and adapters for other libraries' graphs.

An arc ``u -> v`` means that the word of ``u`` reaches ``v``.  All randomness is addressed by a
key, so a graph is a pure function of its arguments, whatever the number of threads.
This package depends on numpy, numba and (inside functions) pyarrow and networkx.
"""

from koubei_sim.networks import seeding
from koubei_sim.networks.adapters import as_network
from koubei_sim.networks.files.readers import find_data, read_contacts, read_network
from koubei_sim.networks.files.writers import write_network
from koubei_sim.networks.generators.classic import (
    barabasi_albert,
    complete,
    erdos_renyi,
    lattice,
    ring,
)
from koubei_sim.networks.generators.configuration import configuration
from koubei_sim.networks.generators.follow import follow_graph
from koubei_sim.networks.generators.small_world import small_world, watts_strogatz
from koubei_sim.networks.layer import (
    Incoming,
    Layer,
    UnionRows,
    in_degrees,
    in_ranks,
    incoming,
    union_rows,
)
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import threads
from koubei_sim.networks.strength import tie_strength
from koubei_sim.networks.temporal import TemporalNetwork

__all__ = [
    "Incoming",
    "Layer",
    "Network",
    "TemporalNetwork",
    "UnionRows",
    "as_network",
    "barabasi_albert",
    "complete",
    "configuration",
    "erdos_renyi",
    "find_data",
    "follow_graph",
    "in_degrees",
    "in_ranks",
    "incoming",
    "lattice",
    "read_contacts",
    "read_network",
    "ring",
    "seeding",
    "small_world",
    "threads",
    "tie_strength",
    "union_rows",
    "watts_strogatz",
    "write_network",
]
