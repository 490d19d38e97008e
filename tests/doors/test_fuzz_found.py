"""What fuzzing found, each as a small test of its own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.networks import write_network
from koubei_sim.studies import Targets


def refused(call, *arguments, **named) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(kb.KoubeiError) as caught:
        call(*arguments, **named)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


HEAD = "%%MatrixMarket matrix coordinate real general\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("3 3 2\n" + HEAD + "2 1 1\n", "not MatrixMarket"),  # scipy: the process is aborted
        (HEAD + "3 3 2\n1 2 0.5\n2 3 1\v", None),  # scipy: a segmentation fault
        (HEAD + "3 3 2\n1 2 0.5\n", "not as many numbers"),
        (HEAD + "3 3 1\n1 4 0.5\n", "out of range"),
        (HEAD + "3 3 1\n1 0 0.5\n", "out of range"),
        (HEAD + "3 3 1\n1 1.5 0.5\n", "out of range"),
        (HEAD + "3 3\n1 2 0.5\n", "3 whole numbers"),
        (HEAD + "9999999999 9999999999 1\n1 2 1\n", "too many people"),
        (HEAD, "missing"),
        (HEAD.replace("real", "complex") + "3 3 1\n1 2 0.5 1\n", "'complex'"),
    ],
)
def test_wrong_matrices(tmp_path: Path, fresh_python, content: str, said: str | None) -> None:  # type: ignore[no-untyped-def]
    """Catches a wrong MatrixMarket file that ends the process, or is read as something else."""
    path = tmp_path / "wrong.mtx"
    path.write_text(content)
    code = (
        "import koubei_sim as kb\n"
        f"try: print(kb.read_network({str(path)!r}).n_nodes)\n"
        "except kb.KoubeiError as error: print(error)"
    )
    if said is None or content.startswith("3"):
        printed = fresh_python(code)  # a process of its own: it may not come back
    else:
        printed = refused(kb.read_network, path)
    assert (said or "3") in printed


@pytest.mark.filterwarnings("ignore:The default value for `spmatrix`:DeprecationWarning")
@pytest.mark.parametrize("field", ["real", "pattern"])
@pytest.mark.parametrize("kind", ["general", "symmetric", "skew", "dense", "dense symmetric"])
def test_matrices_as_scipy_reads_them(kind: str, field: str) -> None:
    """Catches a reader of MatrixMarket that differs from scipy's on right files."""
    import scipy.io
    import scipy.sparse

    from koubei_sim.networks.files.graph_files import read_matrix

    if "dense" in kind and field == "pattern":
        pytest.skip("a dense matrix has no pattern")
    rng = np.random.default_rng(20100816)
    for n in (1, 2, 5, 9):
        matrix = np.where(rng.random((n, n)) < 0.4, rng.random((n, n)), 0.0)
        if "symmetric" in kind:
            matrix = matrix + matrix.T
        if kind == "skew":
            matrix = matrix - matrix.T
        file = io.BytesIO()
        given = matrix if "dense" in kind else scipy.sparse.coo_array(matrix)
        scipy.io.mmwrite(file, given, field=None if field == "real" else field)
        text = file.getvalue()
        found, symmetric = read_matrix(Path("m.mtx"), io.BytesIO(text))
        want = scipy.sparse.coo_array(scipy.io.mmread(io.BytesIO(text)))
        assert np.array_equal(found.toarray(), want.toarray())
        assert symmetric == (text.split()[4] == b"symmetric")


def test_folders_named_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches pyarrow taking ``08:00/events.parquet`` for an address on the network."""
    monkeypatch.chdir(tmp_path)
    made = kb.run("tiny", rng=7, ticks=3, out="08:00")
    back = kb.load("08:00")
    assert back.digest() == made.digest()
    assert back.events.equals(made.events)
    net = kb.Network.from_edges([0, 1], [1, 2])
    Path("a:b").mkdir()
    path = write_network(net, "a:b/ties.parquet")
    assert kb.read_network(path).n_arcs == net.n_arcs
    options = {"rng": 7, "outcomes": ["users"], "out": "sweep:1"}
    first = kb.sweep("tiny", {"ticks": [3]}, **options)
    again = kb.sweep("tiny", {"ticks": [3]}, **options)
    assert first.table().equals(again.table())
    reached = kb.cascade(net, kb.cascades.IndependentCascade(1.0), [0], 2, rng=1)
    assert reached.to_parquet("a:b/sizes.parquet").is_file()


def test_lists_of_several_lengths() -> None:
    """Catches numpy's own error about a list of values that holds a list."""
    assert "values" in refused(Targets.series, ["2012-12-15", "2013-07-01"], [1.0, [2.0]])


def test_a_path_below_a_text() -> None:
    """Catches TypeError from a change of a part of something that has none."""
    scenario = kb.Scenario.load("tiny")
    said = refused(scenario.replace, **{"market.open_to.x": 1})
    assert "market.open_to" in said
    for path in ("seeding.ids.0.x", "segments.enthusiast.membership.forum.x", "name.x"):
        refused(scenario.replace, **{path: 1})


def test_numbers_of_19_digits(tmp_path: Path) -> None:
    """Catches a whole number that comes back from GraphML as text, because it has 19 digits."""
    for label in (10**18, 2**63 - 1):
        net = kb.Network.from_edges([0], [1], labels=[7, label])
        back = kb.read_network(write_network(net, tmp_path / "long.graphml"))
        assert back.labels.tolist() == [7, label]


def test_a_long_name_is_cut() -> None:
    """Catches a page of text in the place of a line, where a word of a file is very long."""
    assert len(str(kb.KoubeiError("a" * 5000, "b" * 5000, got="c" * 5000))) < 1000


def test_signs_that_look_like_digits(tmp_path: Path) -> None:
    """Catches ValueError from ``int("²")``, of which ``isdigit`` says that it is a digit."""
    path = tmp_path / "ties.net"
    path.write_text("*Vertices 3\n*Arcslist\n1 2 3\n²\n", encoding="utf-8")
    assert "no such vertex" in refused(kb.read_network, path)
    path = tmp_path / "ties.graph"
    path.write_text("3 ²\n2\n1\n\n", encoding="utf-8")
    refused(kb.read_network, path)
    refused(kb.Scenario.load("tiny").replace, **{"market.rival.².day": 1})


def test_names_of_columns_that_are_no_text(tmp_path: Path) -> None:
    """Catches UnicodeDecodeError from a parquet file with damaged names of columns."""
    import pandas as pd

    path = tmp_path / "ties.parquet"
    frame = pd.DataFrame({"source": [0], "target": [1], "qqqqqqqq": [1.0]})
    frame.to_parquet(path)
    path.write_bytes(path.read_bytes().replace(b"qqqqqqqq", b"qqqq\x89qqq"))
    refused(kb.read_network, path)
