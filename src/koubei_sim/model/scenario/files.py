"""Scenarios on disk: presets of the library and of other packages, TOML files, atomic writing.

Called by `Scenario.load`, `.to_toml`, `.save` and `.presets`, and by doors that take a preset or
a path.
"""

from __future__ import annotations

import os
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from koubei_sim import checks
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import packages
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from koubei_sim.model.scenario.content import Content


#: What can be the name of a preset of another package: a word, or ``package:word``.
_NAME = re.compile(r"([\w.-]+:)?\w[\w-]*")


def preset_names() -> tuple[str, ...]:
    """Return the names of the library's presets, sorted."""
    folder = resources.files("koubei_sim.model.scenario") / "presets"
    return tuple(sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".toml")))


def all_preset_names() -> tuple[str, ...]:
    """Return the names of the library's presets, and after them those of other packages."""
    own = preset_names()
    return own + tuple(packages.names(packages.PRESETS, own))


def of_package(name: object) -> EntryPoint | None:
    """Return where another package has the preset `name`; None where none has.

    The library's own presets come first, and so does a file or folder of this name: what somebody
    installs changes the meaning of nothing that worked before.

    Raises
    ------
    KoubeiError
        Where two packages have it.
    """
    if not isinstance(name, (str, Path)) or not _NAME.fullmatch(text := str(name)):
        return None
    if text in preset_names() or os.path.exists(text):
        return None
    return packages.find(packages.PRESETS, text)


def is_preset(name: str) -> bool:
    """Say whether a word is the name of a preset, of the library or of another package.

    Examples
    --------
    >>> is_preset("tiny"), is_preset("tiny.toml")
    (True, False)
    """
    return name in preset_names() or of_package(name) is not None


def parts_of(point: EntryPoint) -> Any:
    """Return what a package gives for a preset: a scenario, its parts, or the parts in its TOML.

    Raises
    ------
    KoubeiError
        Naming the package, for what cannot be imported or read.
    """
    found = packages.brought(point)
    if not hasattr(found, "read_text"):
        return found
    try:
        text = found.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise KoubeiError(str(found), f"cannot be read ({said})") from None
    return parse(text, str(found))


def read(name: str | Path) -> dict[str, Any]:
    """Return the parsed TOML of a preset or a file.

    Parameters
    ----------
    name : str or Path
        A preset name, or a path (anything with a separator or the ending ``.toml``).

    Raises
    ------
    KoubeiError
        Unknown preset, missing or unreadable file, TOML syntax error.
    """
    if not isinstance(name, (str, os.PathLike)):
        raise KoubeiError(
            "scenario",
            "must be the name of a preset or a path",
            got=type(name).__name__,
            allowed="text or Path",
        )
    text = str(name)
    known = preset_names()
    if text in known:
        return parse(
            (resources.files("koubei_sim.model.scenario") / "presets" / f"{text}.toml").read_text(
                "utf-8"
            ),
            f"{text}.toml",
        )
    path = checks.path("scenario", name)
    if not path.exists():
        known = all_preset_names()
    if path.suffix != ".toml" and path.name == text and not path.exists():
        raise KoubeiError(
            "scenario",
            "unknown preset",
            got=text,
            allowed=", ".join(known) + ", or the path of a TOML file",
            fix=nearest(text, known),
        )
    if not path.exists():
        raise KoubeiError(
            text, "no such file", allowed="a preset or a TOML file", fix=nearest(path.stem, known)
        )
    return read_toml(path)


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return what a TOML file holds: of scenarios, and of studies (sweeps, claims, ...).

    Text is in UTF-8, or in what a mark at its start or GB18030 says (`checks.decoded`).

    Raises
    ------
    KoubeiError
        In one line, for a file that cannot be read, is not text or not TOML, or says nothing.
    """
    where = str(path)
    file = checks.path("file", path)
    if file.is_dir():
        raise KoubeiError(where, "is a folder", allowed="a TOML file")
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise KoubeiError(where, "no such file", allowed="a TOML file") from None
    except OSError as error:
        raise KoubeiError(where, f"cannot be read ({error.strerror or error})") from None
    try:
        text, _ = checks.decoded(where, raw)
    except KoubeiError as error:  # TOML has no encoding of its own to be named
        raise KoubeiError(
            where, error.what, allowed="a TOML file", fix="saving it as UTF-8"
        ) from None
    content = parse(text, where)
    if not content:
        # Every value of a scenario has a default: it would run as if somebody had chosen them all.
        raise KoubeiError(where, "says nothing", allowed="a TOML file with words in it")
    return content


def parse(text: str, where: str) -> dict[str, Any]:
    """Parse TOML; a syntax error names its line."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise KoubeiError(where, f"not valid TOML: {error}") from None


def to_toml(scenario: Content) -> str:
    """Return every value of a scenario as TOML: later defaults change nothing of it."""
    return tomli_w.dumps(_lists(scenario.to_dict()))


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lists(entry) for name, entry in value.items()}
    if isinstance(value, tuple):
        return [_lists(entry) for entry in value]
    return value


def save(scenario: Content, path: str | Path) -> Path:
    """Write the TOML of a scenario to `path`, whole or not at all, and return the path."""
    path = checks.path_of("path", path, ".toml")
    if not path.parent.is_dir():
        raise KoubeiError(
            str(path), "its folder does not exist", got=str(path.parent), fix="create the folder"
        )
    if path.is_dir():
        raise KoubeiError(str(path), "is a folder", allowed="the name of a TOML file")
    with whole_file(path) as file:
        file.write(to_toml(scenario).encode())
    return path
