"""Wrong files and wrong command lines by the hundred: one line or a result, and soon.

Never a traceback, never a hang, nothing half-written.  The quick tests try five hundred inputs, the
slow ones twenty thousand (``make test-full``); both draw the same ones in every run.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import tomli_w
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from tests.fuzz import commands, files, trees
from tests.fuzz.judging import bounded_memory, one_line_or_result
from tests.fuzz.mutants import changed_bytes, changed_tree, changed_words

from koubei_sim import KoubeiError

#: Checks that look at how examples are drawn, not at what they find.
LENIENT = tuple(HealthCheck)
#: Shrinking is left out: the input that fails is shown, and it is small.
PHASES = (Phase.generate,)
LUCK = st.randoms(use_true_random=False)
PARQUET = files.parquet()

pytestmark = pytest.mark.filterwarnings(
    "default:.*stands in for it",  # notes, said in a line where warnings are shown
)


@pytest.fixture(scope="module", autouse=True)
def bounded() -> Iterator[None]:
    with bounded_memory():
        yield


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("commands")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        commands.furnish(folder)
        yield folder


def try_file(luck: Random, room: Path) -> None:
    kind = luck.choice(files.KINDS)
    data = luck.choice(kind.contents)
    path = room / kind.name
    path.write_bytes(changed_bytes(luck, PARQUET if data == b"PARQUET" else data))
    note(f"{kind.name}: {path.read_bytes()!r}")
    one_line_or_result(lambda: kind.read(path))


def try_tree(luck: Random, room: Path) -> None:
    kind = luck.choice(trees.STUDIES)
    try:
        text = tomli_w.dumps(changed_tree(luck, luck.choice(kind.trees()))).encode()
    except (TypeError, ValueError):  # what TOML cannot hold
        return
    path = room / kind.name
    path.write_bytes(changed_bytes(luck, text) if luck.randrange(5) == 0 else text)
    note(f"{kind.name}: {path.read_bytes()!r}")
    one_line_or_result(lambda: kind.read(path))


def try_words(luck: Random, folder: Path) -> None:
    words = changed_words(luck, luck.choice(commands.lines()), commands.options(), commands.VALUES)
    words = commands.tidied(words)
    note(shlex.join(words))
    commands.judged(words, folder)


def test_most_files_are_right(room: Path) -> None:
    """Catches files of this test that have become wrong, so that little is tried with them."""
    wrong = []
    for kind in files.KINDS:
        for number, data in enumerate(kind.contents):
            path = room / kind.name
            path.write_bytes(PARQUET if data == b"PARQUET" else data)
            try:
                kind.read(path)
            except KoubeiError:
                wrong.append((kind.name, number))
    assert len(wrong) < 20, wrong
    assert {name for name, _ in wrong} < {kind.name for kind in files.KINDS}


@pytest.mark.parametrize("kind", trees.STUDIES, ids=lambda kind: kind.name)
def test_all_trees_are_right(kind: trees.Study, tmp_path: Path) -> None:
    """Catches TOML files of this test that have become wrong."""
    for tree in kind.trees():
        path = tmp_path / kind.name
        path.write_text(tomli_w.dumps(tree), encoding="utf-8")
        kind.read(path)


@settings(max_examples=230, suppress_health_check=LENIENT, phases=PHASES)
@given(luck=LUCK)
def test_files(room: Path, luck: Random) -> None:
    """Catches a reader that lets through what a library below it raises, or ends the process."""
    try_file(luck, room)


@settings(max_examples=130, suppress_health_check=LENIENT, phases=PHASES)
@given(luck=LUCK)
def test_toml_files(room: Path, luck: Random) -> None:
    """Catches values of kinds that nobody thought of in scenarios, sweeps, claims and fits."""
    try_tree(luck, room)


@settings(max_examples=140, suppress_health_check=LENIENT, phases=PHASES)
@given(luck=LUCK)
def test_command_lines(furnished: Path, luck: Random) -> None:
    """Catches a traceback of the command, or a folder that it leaves after it has refused."""
    try_words(luck, furnished)


@pytest.mark.slow
@settings(max_examples=11_000, suppress_health_check=LENIENT, phases=PHASES)
@given(luck=LUCK)
def test_many_files(room: Path, luck: Random) -> None:
    """As `test_files`, more of them."""
    try_file(luck, room)


@pytest.mark.slow
@settings(max_examples=6_000, suppress_health_check=LENIENT, phases=PHASES)
@given(luck=LUCK)
def test_many_toml_files(room: Path, luck: Random) -> None:
    """As `test_toml_files`, more of them."""
    try_tree(luck, room)


@pytest.mark.slow
@settings(max_examples=3_000, suppress_health_check=LENIENT, phases=PHASES)
@given(luck=LUCK)
def test_many_command_lines(furnished: Path, luck: Random) -> None:
    """As `test_command_lines`, more of them."""
    try_words(luck, furnished)
