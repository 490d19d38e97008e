"""Presets and mechanisms of other packages: real wheels, installed by pip, found by entry points.

Catches: a package that is not found, or found at a cost to everybody; one that takes a name of the
library or of another; one that is broken and breaks the library with it, or does not say whose
fault it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

import koubei_sim as kb
from koubei_sim.cli import main

pytest.importorskip("pip")

MARKET = """
name = "market"
title = "The market of a package"
n_agents = 300
ticks = 20

[seeding]
number = 10
"""
GIFTS = """
import koubei_sim as kb
from importlib.resources import files

MARKET = files(__name__) / "market.toml"
PARTS = {"n_agents": 2222, "ticks": 15}


def readable(model, day, own):
    day.row[own.days] += 1


def compiled(s, r, own, t, row):
    row[own.days] += 1


GIFTS = kb.Mechanism("gifts", readable, compiled, columns={"days": "days that were counted"},
                     description="days are counted")
WITH_GIFTS = kb.Scenario.load("tiny").replace(ticks=12, n_agents=200).with_mechanisms(GIFTS)
"""
TAKEN = """
import koubei_sim as kb

LEARNING = kb.Mechanism(
    "learning", lambda model, day, own: None, lambda s, r, own, t, row: None
)
"""
GOOD = """
[koubei_sim.presets]
market = koubei_gifts:MARKET
parts = koubei_gifts:PARTS
gifted = koubei_gifts:WITH_GIFTS
tiny = koubei_gifts:PARTS
common = koubei_gifts:PARTS

[koubei_sim.mechanisms]
gifts = koubei_gifts:GIFTS
"""
BAD = """
[koubei_sim.presets]
fallen = koubei_broken.fallen:PARTS
wrong = koubei_broken.wrong:PARTS
number = koubei_broken.wrong:NUMBER
common = koubei_broken.wrong:PARTS
two words = koubei_broken.wrong:PARTS

[koubei_sim.mechanisms]
learning = koubei_broken.taken:LEARNING
other = koubei_broken.wrong:PARTS
"""


def wheel(folder: Path, name: str, points: str, files: dict[str, str]) -> Path:
    """A wheel as any tool of packaging makes one: files, metadata, entry points, record."""
    about = f"{name}-1.2.dist-info"
    content = {f"{name}/{path}": text for path, text in files.items()} | {
        f"{about}/METADATA": "Metadata-Version: 2.1\nVersion: 1.2\n"
        f"Name: {name.replace('_', '-')}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": textwrap.dedent(points),
    }
    record = ""
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    content[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n"
    path = folder / f"{name}-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in content.items():
            archive.writestr(member, text)
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed a package that is fine, and one that is not."""
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    made = [
        wheel(wheels, "koubei_gifts", GOOD, {"__init__.py": GIFTS, "market.toml": MARKET}),
        wheel(
            wheels,
            "koubei_broken",
            BAD,
            {
                "__init__.py": "",
                "fallen.py": "import absent_from_here\n",
                "wrong.py": 'PARTS = {"seeding": {"purty": 0.3}}\nNUMBER = 7\n',
                "taken.py": TAKEN,
            },
        ),
    ]
    words = ["install", "-q", "--no-index", "--no-deps", "--no-compile", "--target", str(site)]
    subprocess.run(
        [sys.executable, "-m", "pip", *words, *map(str, made)],
        check=True,
        timeout=120,
        capture_output=True,
    )
    return site


@pytest.fixture
def installed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(place))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("koubei_gifts", "koubei_broken")):
            del sys.modules[name]


pytestmark = pytest.mark.usefixtures("installed")


def test_a_preset_of_a_package_is_a_preset() -> None:
    """Catches one that `run` does not know, or whose file, parts or mechanisms are lost."""
    r = kb.run("market", rng=7)
    assert (r.scenario.name, r.scenario.n_agents, r.data.sizes["tick"]) == ("market", 300, 20)
    assert kb.Scenario.load("parts").n_agents == 2222
    gifted = kb.run("gifted", rng=7)
    assert int(gifted.data["gifts_days"].sum()) == 12
    assert {"market", "parts", "gifted", "tiny"} < set(kb.Scenario.presets())


def test_a_mechanism_of_a_package_goes_by_its_name(tmp_path: Path) -> None:
    """Catches a name that one door knows and another does not."""
    r = kb.run("tiny", rng=7, ticks=9, mechanisms=["gifts"], out=tmp_path / "kept")
    assert int(r.data["gifts_days"].sum()) == 9
    again = kb.load(tmp_path / "kept", mechanisms=["gifts"])
    assert again.digest() == r.digest()
    assert kb.Scenario.load("tiny").with_mechanisms("gifts").mechanisms[0].name == "gifts"
    with pytest.raises(
        kb.KoubeiError, match=r"no installed package brings it, got gift, .*try gift"
    ):
        kb.run("tiny", mechanisms=["gift"])


def test_the_library_keeps_its_names() -> None:
    """Catches a result that hangs on what else is installed: `tiny` is always ours."""
    assert kb.Scenario.load("tiny").n_agents != 2222
    assert kb.Scenario.load("koubei-gifts:tiny").n_agents == 2222
    assert "koubei-gifts:tiny" in kb.Scenario.presets()
    with pytest.raises(kb.KoubeiError) as told:
        kb.Scenario.load("common")
    assert str(told.value) == (
        "common: 2 packages bring a preset of this name, allowed koubei-broken:common, "
        "koubei-gifts:common, try koubei-broken:common"
    )


def test_a_file_of_this_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a folder of results that a package hides from who does not use it."""
    monkeypatch.chdir(tmp_path)
    kb.run("tiny", rng=3, ticks=5, out="market")
    assert kb.run("market").scenario.ticks == 5 and kb.load("market").scenario.ticks == 5
    Path("parts").write_text("ticks = 77\n", "utf-8")
    assert kb.Scenario.load("parts").ticks == 77


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fallen", "preset 'fallen' of the package koubei-broken 1.2: koubei_broken.fallen:PARTS: "
         "cannot be imported (ModuleNotFoundError: No module named 'absent_from_here')"),
        ("wrong", "preset 'wrong' of the package koubei-broken 1.2: seeding.purty: unknown "
         "parameter"),
        ("number", "preset 'number' of the package koubei-broken 1.2: scenario: must be a table of "
         "parameters, got 7"),
        ("koubei-broken:two words", "scenario: unknown preset, got koubei-broken:two words"),
    ],
)  # fmt: skip
def test_a_broken_preset_is_refused_by_name(name: str, said: str) -> None:
    """Catches a traceback from other people's code, or a fault that the library seems to have."""
    with pytest.raises(kb.KoubeiError) as told:
        kb.run(name)
    assert str(told.value).startswith(said) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("learning", "mechanism 'learning' of the package koubei-broken 1.2: mechanism 'learning': "
         "a module of the model has this name"),
        ("other", "mechanism 'other' of the package koubei-broken 1.2: koubei_broken.wrong:PARTS: "
         "is no mechanism of this name, got dict"),
    ],
)  # fmt: skip
def test_a_broken_mechanism_is_refused_by_name(name: str, said: str) -> None:
    """Catches a mechanism of a package under the name of one of ours."""
    with pytest.raises(kb.KoubeiError) as told:
        kb.run("tiny", mechanisms=[name])
    assert str(told.value).startswith(said)


def test_the_list_says_where_each_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a list that one broken package takes away."""
    assert main(["presets"]) == 0
    out, notes = capsys.readouterr()
    assert "preset market: of the package koubei-gifts 1.2" in out
    assert "mechanism gifts: of the package koubei-gifts 1.2" in out
    assert "The market of a package" in out and "xiaomi" in out
    assert "fallen' of the package koubei-broken 1.2" in notes and "Traceback" not in notes
    assert main(["presets", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["market"]["package"] == "koubei-gifts 1.2" and "package" not in found["tiny"]
    assert main(["describe", "gifted"]) == 0
    assert "gifts: days are counted (koubei_gifts)" in capsys.readouterr().out


def test_nobody_else_pays(place: Path) -> None:
    """Catches metadata read, or a package imported, before its name is asked for."""
    code = f"""
import sys
sys.path.insert(0, {str(place)!r})
import koubei_sim as kb
print("importlib.metadata" in sys.modules)
looked = []
import importlib.metadata as metadata
plain = metadata.entry_points
metadata.entry_points = lambda **words: looked.append(words["group"]) or plain(**words)
kb.Scenario.load("tiny"), kb.run("tiny", ticks=3, rng=1)
print([one for one in looked if one.startswith("koubei")],
      [name for name in sys.modules if name.startswith(("koubei_gifts", "koubei_broken"))])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split("\n")[0] == "False" and done.stdout.split("\n")[1] == "[] []"
