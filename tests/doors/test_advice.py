"""Advice is tried: what a message says after ``try`` works.

Every ``fix=`` of the sources that names a call or an option stands below, with a call that is
refused with it and the call that it advises; or in `NOT_TRIED_YET`, which may only become shorter.
"""

# ruff: noqa: E501  # the texts stand as they are in the sources

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import Network, TemporalNetwork, as_network, cascade, networks, studies
from koubei_sim.cascades import SIS, Bass, IndependentCascade, LinearThreshold
from koubei_sim.cli import main
from koubei_sim.studies import Targets
from koubei_sim.studies.calibration.targets import Target

SOURCES = Path(kb.__file__).parent
NAMES_SOMETHING = re.compile(r"\w\(|(?<![\w-])--[a-z]|\w=(?!=)|\bkoubei \w")
#: Calls whose result is a name or a number, not the advice itself.
COMPUTED = ("nearest(", "_near", "_ends(", "repr(", "str(", "_single(", "'.'.join(", "near or")

PATH = Network.from_edges([0, 1], [1, 2])
WEIGHTED = Network.from_edges([0, 1], [1, 2], weight=[0.5, 0.5])
TIES = [[0, 1], [1, 2]]
ONE_WAY = (np.array([0, 1, 1]), np.array([1]))  # indptr, indices
NAMED = "source,target\nsource,anna\n"
MEETINGS = TemporalNetwork.from_contacts(*TIES, [1.0, 2.0])
TWICE = [[0, 0], [1, 1]]
UNEVEN = ([0, 1], [1, 0], None, [0.2, 0.4])
FRAME = pd.DataFrame({"source": [0, 0], "target": [1, 1], "weight": [0.2, 0.4]})
GRAPH = nx.DiGraph([(0, 1)])
nx.set_edge_attributes(GRAPH, "much", "weight")


def ran(graph: Any, rule: Any, seeds: Any = (0,), **named: Any) -> Any:
    return cascade(graph, rule, list(seeds), named.pop("replicates", 2), rng=1, **named)


def read(text: str, name: str = "ties.txt", **named: Any) -> Any:
    path = Path(name)
    path.write_text(text, encoding=named.pop("written", "utf-8"))
    return kb.read_network(path, **named)


def command(*words: str) -> Callable[[], None]:
    """The command as a call that raises what it says."""

    def call() -> None:
        if main(list(words)) != 0:
            raise AssertionError(" ".join(words))

    return call


def saved(**named: Any) -> Any:
    return kb.run("tiny", rng=1, ticks=2, **named)


def target(**named: Any) -> Target:
    given = {"name": "a", "value": 10.0, "tolerance": 0.1, "statistic": "users"}
    return Target(**{**given, "level": "empirical-output", **named})


def series(**named: Any) -> Targets:
    return Targets.series([1, 2], [20.0, 10.0], **named)


# the text of `fix=` -> (the call that is refused with it, the call that it advises)
TRIED: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "'Network.from_edges(weight=...)'": (
        lambda: ran(PATH, IndependentCascade("weights")),
        lambda: ran(WEIGHTED, IndependentCascade("weights")),
    ),
    "\"method='sum'\"": (
        lambda: LinearThreshold(thresholds=(0.1, 0.5), method="choice"),
        lambda: LinearThreshold(thresholds=(0.1, 0.5), method="sum"),
    ),
    "'IndependentCascade(0.1)'": (
        lambda: ran(PATH, 0.1),
        lambda: ran(PATH, IndependentCascade(0.1)),
    ),
    "'horizon=50'": (
        lambda: ran(PATH, SIS(0.1, 0.5)),
        lambda: ran(PATH, SIS(0.1, 0.5), horizon=50),
    ),
    "'weight='": (
        lambda: ran(MEETINGS, IndependentCascade("weights")),
        lambda: ran(
            TemporalNetwork.from_contacts(*TIES, [1.0, 2.0], weight=[0.5, 0.5]),
            IndependentCascade("weights"),
        ),
    ),
    "'weights=None (1 / number of arcs into the target)'": (
        lambda: ran(
            Network.from_edges([0, 1], [2, 2], weight=[0.9, 0.9]), LinearThreshold("weights")
        ),
        lambda: ran(
            Network.from_edges([0, 1], [2, 2], weight=[0.9, 0.9]), LinearThreshold(weights=None)
        ),
    ),
    "'weight=None'": (lambda: as_network(GRAPH), lambda: as_network(GRAPH, weight=None)),
    "'n=1000'": (
        lambda: networks.configuration(key=1),
        lambda: networks.configuration([2] * 1000, n=1000, key=1),
    ),
    "'key=7'": (
        lambda: networks.erdos_renyi(9, 2.0, key=-1),
        lambda: networks.erdos_renyi(9, 2.0, key=7),
    ),
    "'dt=1'": (
        lambda: ran(PATH, Bass(0.1, 0.1, dt=2.0**24), horizon=2.0**25),
        lambda: ran(PATH, Bass(0.1, 0.1, dt=1), horizon=5),
    ),
    "'network.people(np.flatnonzero(mask))'": (
        lambda: ran(PATH, IndependentCascade(0.5), np.array([True, False, False])),
        lambda: ran(
            PATH,
            IndependentCascade(0.5),
            PATH.people(np.flatnonzero(np.array([True, False, False]))),
        ),
    ),
    "'network.aggregate()'": (
        lambda: ran(MEETINGS, LinearThreshold()),
        lambda: ran(MEETINGS.aggregate(), LinearThreshold()),
    ),
    "'record=\"forest\"'": (
        lambda: ran(PATH, IndependentCascade(0.5)).activations,
        lambda: ran(PATH, IndependentCascade(0.5), record="forest").activations,
    ),
    "'the folder given to save() or --out'": (
        lambda: kb.load("nowhere"),
        lambda: (saved(out="somewhere"), kb.load("somewhere")),
    ),
    "'directed=True'": (
        lambda: networks.Layer("a", *ONE_WAY, directed=False).check(),
        lambda: networks.Layer("a", *ONE_WAY, directed=True).check(),
    ),
    "\"comment='' if names begin with # or %\" if named else None": (
        lambda: read("#a\n#b\n"),
        lambda: read("#a #b\n#b #c\n", comment=""),
    ),
    "'header=True or header=False'": (
        lambda: read(NAMED, "ties.csv"),
        lambda: (read(NAMED, "ties.csv", header=True), read(NAMED, "ties.csv", header=False)),
    ),
    "f'--set {known[0]}=..'": (
        lambda: _said("cascade", "ring:20", "--rule", "sir", "--p", "0.5"),
        command(
            *("cascade", "ring:20", "--rule", "sir", "--set", "beta=0.5", "--set", "gamma=0.5"),
            *("--replicates", "2", "--horizon", "9"),
        ),
    ),
    "f'rng={first.key}'": (
        lambda: studies.compare({"a": saved(), "b": kb.run("tiny", rng=2, ticks=2)}),
        lambda: studies.compare({"a": saved(), "b": kb.run("tiny", rng=1, ticks=2)}),
    ),
    "f'--seeds {brands[0]}=10'": (
        lambda: _said("cascade", "ring:20", "--rule", "competing", "--seeds", "2"),
        command("cascade", "ring:20", "--rule", "competing", "--seeds", "a=10",
                "--replicates", "2"),
    ),
    "f'k={k - 1}'": (lambda: networks.ring(9, k=3), lambda: networks.ring(9, k=2)),
    "f'k={k + 1}'": (
        lambda: networks.watts_strogatz(20, k=3, p=0.1, key=1),
        lambda: networks.watts_strogatz(20, k=4, p=0.1, key=1),
    ),
    "\"self_loops='drop'\"": (
        lambda: Network.from_edges([0], [0], self_loops="error"),
        lambda: Network.from_edges([0], [0], self_loops="drop"),
    ),
    "\"parallel='merge'\"": (
        lambda: Network.from_edges(*TWICE, parallel="error"),
        lambda: Network.from_edges(*TWICE, parallel="merge"),
    ),
    "'n=1 or more'": (lambda: Network.from_edges([], []), lambda: Network.from_edges([], [], 1)),
    "\"merge='largest' (or 'add', 'first', 'last', 'probability'), or directed=True\"": (
        lambda: Network.from_edges(*UNEVEN, directed=False),
        lambda: [
            *(
                Network.from_edges(*UNEVEN, directed=False, merge=law)
                for law in ("largest", "add", "first", "last", "probability")
            ),
            Network.from_edges(*UNEVEN, directed=True),
        ],
    ),
    "\"merge='add'\"": (
        lambda: Network.from_edges(*TWICE, weight=[1.5, 2.0], merge="probability"),
        lambda: Network.from_edges(*TWICE, weight=[1.5, 2.0], merge="add"),
    ),
    "f'n={high + 1}'": (
        lambda: read("# nodes: 5\n0 1\n1 9\n"),
        lambda: read("# nodes: 5\n0 1\n1 9\n", n=10),
    ),
    "\"ids='text'\"": (
        lambda: read("anna bert\n", ids="integer"),
        lambda: read("anna bert\n", ids="text"),
    ),
    "'record=\"people\"'": (
        lambda: ran(PATH, IndependentCascade(0.5)).probability,
        lambda: ran(PATH, IndependentCascade(0.5), record="people").probability,
    ),
    "'out=\"folder\"'": (lambda: saved(stream=True), lambda: saved(stream=True, out="folder")),
    "'engine=\"compiled\"'": (
        lambda: saved(stream=True, out="streamed", engine="reference"),
        lambda: saved(stream=True, out="streamed", engine="compiled"),
    ),
    "'backend=\"dask\"'": (
        lambda: kb.sweep("tiny", {"ticks": [2]}, rng=1, scheduler="tcp://127.0.0.1:9"),
        lambda: kb.sweep("tiny", {"ticks": [2]}, rng=1, outcomes=["users"], workers=1),
    ),
    "\"outcomes=['users']\"": (
        lambda: kb.plots.compare(both(), outcomes=[]),
        lambda: kb.plots.compare(both(), outcomes=["users"]),
    ),
    "'ax=plt.subplots()[1]'": (
        lambda: kb.plots.pyramid(saved(), ax=3),
        lambda: kb.plots.pyramid(saved(), ax=_axes()),
    ),
    "'log=False'": (lambda: target(value=0.0, log=True), lambda: target(value=0.0, log=False)),
    "f'{self.tolerance / 100.0:g} for {self.tolerance:g} %, or log=False'": (
        lambda: target(tolerance=10.0, log=True),
        lambda: (target(tolerance=0.1, log=True), target(tolerance=10.0, log=False)),
    ),
    "'Target(...)'": (lambda: Targets([]), lambda: Targets([target()])),
    "\"quantity='users' for people in use\"": (
        lambda: series(quantity="adopted"),
        lambda: series(quantity="users"),
    ),
    "\"paths=['seeding.purity']\"": (
        lambda: kb.ensemble("tiny", 2, paths=[]),
        lambda: kb.ensemble("tiny", 2, paths=["seeding.purity"]),
    ),
    "'--set seeding.purity=0.3'": (
        lambda: _said("describe", "tiny", "--set", "seeding.purity"),
        command("describe", "tiny", "--set", "seeding.purity=0.3"),
    ),
    "'--out FOLDER'": (
        lambda: _said("run", "tiny", "--ticks", "2", "--stream"),
        command("run", "tiny", "--ticks", "2", "--stream", "--out", "FOLDER", "--no-figures"),
    ),
    "\"--change 'purer: seeding.purity=0.9', or a second file\"": (
        lambda: _said("compare", "tiny", "--replicates", "2"),
        command("compare", "tiny", "--set", "ticks=2", "--replicates", "2", "--threads", "1",
                "--change", "purer: seeding.purity=0.9"),
    ),
    "\"--change 'purer: seeding.purity=0.9'\"": (
        lambda: _said("compare", "tiny", "--replicates", "2", "--change", "purer"),
        command("compare", "tiny", "--set", "ticks=2", "--replicates", "2", "--threads", "1",
                "--change", "purer: seeding.purity=0.9"),
    ),
    "'a NAME or --all'": (lambda: _said("replicate", "--full"), command("replicate", "--json")),
}  # fmt: skip

#: Advice that no test follows yet.  A new `fix=` gets an entry above, not here.
NOT_TRIED_YET: frozenset[str] = frozenset(
    (
        '"agents.to_frame(\'segment\')"',
        '"as_network(graph, weight=..., merge=\'probability\') and \'weights\'"',
        '"as_network(networkx.read_adjlist(path)) or columns=\'source target weight\'"',
        '"columns=\'source _ target\' to pass over it"',
        '"columns=\'source target\' in the order of the columns"',
        '"columns=\'source target\'"',
        '"columns=\'time source target\' or columns=\'source target time\'"',
        '"columns=\'time source target\' or columns=\'source target weight\'"',
        '"comment=\'#%\' if it is a comment, comment=\'\' if names begin with such a sign"',
        '"encoding=\'gb18030\' or what it is"',
        '"fewer outcomes, or out=\'folder\'"',
        '"header=False if it is an edge, or header=True and columns=\'source target\' in the order of the columns"',
        '"p=\'weights\'"',
        '"where=\'dask\'"',
        "' or '.join(ways) or 'a smaller network'",
        "'Kind(1, 0.2, 0.001)'",
        "'MPLBACKEND=Agg in the environment'",
        "'Network.from_edges(sources, targets, weight=weights)'",
        "'Result.frame(), the tidy long form, or one variable: data.members.to_dataframe()'",
        "'Targets.series(.., hold_out_after=)'",
        "'[Kind(1, 0.2, 0)]'",
        "'activity / activity.mean()' if mean > 0 else 'leaving the column out'",
        "'agents.reset_index()'",
        "'agents= with this column' if table is None else None",
        "'as_network(networkx.from_pandas_adjacency(pandas.read_csv(path, index_col=0), networkx.DiGraph))'",
        "'as_network(scipy.sparse.csr_array(m @ m.T)), m being scipy.io.mmread(path)'",
        "'build_world(scenario)'",
        '\'cascade(..., record="forest")\'',
        "'columns= for places of columns'",
        "'columns= with their roles in order'",
        "'compare(...)'",
        "'exponential_period(1.0)'",
        "'fewer agents with a larger people_per_agent, or threads=1'",
        "'fewer, or threads=1'",
        "'frame_batches(), or fewer variables'",
        "'groups=array of n kinds'",
        "'kb.cascade(...)'",
        "'koubei claim'",
        "'koubei run on it'",
        "'koubei status on it'",
        "'lambda share: two_kinds(share, 0.1, 0.3, 0.01)'",
        '\'method="abc-smc"\'',
        "'networkx.from_dict_of_dicts(obj)'",
        "'networkx.write_edgelist(..., data=False) when it is written'",
        "'poisson_pgf([[2.0]])'",
        "'ranges_around(start) as ranges'",
        "'set_initial_status(config)'",
        "'tmax=100'",
        "'values keyed by network.people(range(n))'",
        "'without --quick'",
        'ELSEWHERE[suffix].format(repr(str(path)))',
        'f"paths={{\'{path}\': (low, high)}}"',
        "f'a new folder, with {check_measure(name)}'",
        "f'add_model_parameter({label!r}, 0.1)'",
        "f'as_network(scipy.sparse.csr_array(numpy.loadtxt({how}))) if it is one, or columns='",
        "f'workers={max(1, int(0.5 * have / PROCESS))}'",
    )
)  # fmt: skip


def both() -> Any:
    return studies.compare({"a": saved(), "b": saved()})


def _axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def _said(*words: str) -> None:
    """Run the command, and raise the line that it says as it was raised within."""
    from koubei_sim.cli import study_commands  # noqa: F401  # adds its commands
    from koubei_sim.cli.commands import app

    app(args=list(words), prog_name="koubei", standalone_mode=False)


def advice() -> dict[str, str]:
    """Every ``fix=`` of the sources that names a call or an option -> where it stands."""
    found = {}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for word in node.keywords if isinstance(node, ast.Call) else ():
                text = ast.unparse(word.value) if word.arg == "fix" else ""
                if text.startswith(COMPUTED) or not NAMES_SOMETHING.search(text):
                    continue
                found.setdefault(text, f"{path.relative_to(SOURCES)}:{node.lineno}")
    return found


def test_all_advice_is_tried() -> None:
    """Catches a new ``fix=`` that names a call or an option and that nobody has followed."""
    found = advice()
    new = {text: where for text, where in found.items() if text not in {*TRIED, *NOT_TRIED_YET}}
    assert not new, f"write a case into TRIED of {Path(__file__).name}: {new}"
    gone = sorted({*TRIED, *NOT_TRIED_YET} - set(found))
    assert not gone, f"no longer in the sources: {gone}"
    assert not set(TRIED) & NOT_TRIED_YET


@pytest.mark.parametrize("text", sorted(TRIED))
def test_advice_works(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches advice that leads to another refusal, or to an argument that is not there."""
    monkeypatch.chdir(tmp_path)
    refused, advised = TRIED[text]
    with pytest.raises(kb.KoubeiError) as caught:
        refused()
    written = ast.parse(text, mode="eval").body
    if isinstance(written, ast.IfExp):
        written = written.body
    if isinstance(written, ast.Constant):
        assert caught.value.fix == written.value
    else:
        assert isinstance(written, ast.JoinedStr)
        parts = [part.value for part in written.values if isinstance(part, ast.Constant)]
        assert all(str(part) in str(caught.value.fix) for part in parts)
    advised()
