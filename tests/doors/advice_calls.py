"""What the tables of advice share: tiny graphs, short calls, commands, and little memory.

A `Trial` is a call that is refused and the call that the refusal advises; where the text of the
advice is put together in the sources, also what it then says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import networkx as nx
import pandas as pd
import psutil

import koubei_sim as kb
from koubei_sim import Network, TemporalNetwork, cascade
from koubei_sim.cli import main

Call = Callable[[], Any]
Trial = tuple[Call, Call] | tuple[Call, Call, str]

PATH = Network.from_edges([0, 1], [1, 2])
WEIGHTED = Network.from_edges([0, 1], [1, 2], weight=[0.5, 0.5])
MEETINGS = TemporalNetwork.from_contacts([0, 1], [1, 2], [1.0, 2.0])
WEIGHTED_MEETINGS = TemporalNetwork.from_contacts([0, 1], [1, 2], [1.0, 2.0], weight=[0.5, 0.5])
TWICE = [[0, 0], [1, 1]]
FRAME = pd.DataFrame({"source": [0, 0], "target": [1, 1], "weight": [0.2, 0.4]})
GRAPH = nx.DiGraph([(0, 1)])
nx.set_edge_attributes(GRAPH, "much", "weight")


def ran(graph: Any, rule: Any, seeds: Any = (0,), **named: Any) -> Any:
    return cascade(graph, rule, list(seeds), named.pop("replicates", 2), rng=1, **named)


def write(text: str, name: str = "ties.txt", encoding: str = "utf-8") -> Path:
    path = Path(name)
    path.write_text(text, encoding=encoding)
    return path


def read(text: str, name: str = "ties.txt", **named: Any) -> Any:
    return kb.read_network(write(text, name), **named)


def command(*words: str) -> Call:
    """The command as a call that raises what it says."""

    def call() -> None:
        if main(list(words)) != 0:
            raise AssertionError(" ".join(words))

    return call


def said(*words: str) -> None:
    """Run the command, and raise the line that it says as it was raised within."""
    from koubei_sim.cli import commands

    commands()(args=list(words), prog_name="koubei", standalone_mode=False)


def saved(**named: Any) -> Any:
    return kb.run("tiny", rng=1, ticks=2, **named)


@contextmanager
def room(number: float) -> Iterator[None]:
    """Let the machine have so many bytes of memory left."""
    left = psutil.virtual_memory()._replace(available=int(number))
    with patch.object(psutil, "virtual_memory", lambda: left):
        yield


def within(number: float, call: Call) -> Call:
    """The call, on a machine with so many bytes of memory left."""

    def made() -> Any:
        with room(number):
            return call()

    return made


def raising(error: BaseException) -> Callable[..., Any]:
    """A function that only raises this."""

    def fails(*_: object, **__: object) -> Any:
        raise error

    return fails
