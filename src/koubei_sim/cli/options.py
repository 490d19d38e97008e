"""What all commands share: the app, options that mean the same in each, and how words are read.

A command is one function: typer reads its arguments and its first line, and it does the work.
Files of commands import nothing heavy at their top, for ``koubei --help`` must be quick.
What people type becomes values, changes and scenarios here, or is refused in one line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim import storage
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    from koubei_sim.model.scenario import Scenario


FINE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="koubei",
    help="Word-of-mouth diffusion on social graphs: from seed users to a fan pyramid.",
    epilog="Exit status: 0 fine, 1 failed, 2 wrong use or input. RESULT is a folder made by --out.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from koubei_sim._version import __version__

        print(f"koubei {__version__}")
        raise typer.Exit


@app.callback()
def koubei(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Word-of-mouth diffusion on social graphs: from seed users to a fan pyramid."""
    if context.invoked_subcommand is None:
        print(context.get_help())


class Lang(StrEnum):
    """Languages of texts and figures."""

    en = "en"
    zh = "zh"


class Format(StrEnum):
    """File formats of figures."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


Agents = Annotated[Path | None, typer.Option(help="CSV or parquet file of people.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout, for machines.")]
Backend = Annotated[str, typer.Option(help="threads, loky or dask.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a value first (may be repeated)."),
]
Engine = Annotated[str | None, typer.Option(help="compiled or reference.")]
Journal = Annotated[
    Path | None, typer.Option("--out", help="Folder of the journal; the same command resumes.")
]
Language = Annotated[Lang, typer.Option(help="Language of texts and figures.")]
Networks = Annotated[
    list[str] | None,
    typer.Option("--network", metavar="CHANNEL=FILE", help="Graph of a channel (may be repeated)."),
]
Replicates = Annotated[int | None, typer.Option(min=1, help="Number of replicates.")]
Rng = Annotated[int | None, typer.Option(min=0, help="Key of all randomness; fresh without it.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler: runs go to its cluster.")
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Replicates side by side; as many as fit, without it.")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Side by side; as many as fit, without it.")
]


def drawable(figure: Path | None) -> None:
    """Refuse the name of a figure in a format that cannot be drawn, before any work."""
    if figure is not None and figure.suffix not in (".png", ".svg", ".pdf"):
        raise KoubeiError(
            "--figure", "unknown format", got=figure.name, allowed=".png, .svg, .pdf",
            fix=f"{figure.stem}.png",
        )  # fmt: skip


def value_of(text: str) -> Any:
    """Return a value: TOML where it reads as such, ``none``, else the text itself.

    Unlike in TOML ``.9`` and ``5.`` are numbers.

    Examples
    --------
    >>> value_of("0.1"), value_of("none"), value_of("weights"), value_of("{ours = 0.2}")
    (0.1, None, 'weights', {'ours': 0.2})
    >>> value_of(".9"), value_of("[.1, -.2, 5.]"), value_of("v.1")
    (0.9, [0.1, -0.2, 5.0], 'v.1')
    """
    text = text.strip()
    if text == "none":
        return None
    ways = [text]
    if not re.search("[\"']", text):
        whole = re.sub(r"(?<![\w.])\.(?=\d)", "0.", text)
        ways.append(re.sub(r"(?<![\w.])(\d+)\.(?![\w.])", r"\1.0", whole))
    for way in ways:
        try:
            return tomllib.loads(f"value = {way}")["value"]
        except tomllib.TOMLDecodeError:
            continue
    return text


def pairs_of(
    where: str, words: Sequence[str] | None, form: str = "name=value", fix: str | None = None
) -> dict[str, str]:
    """Return the texts named by ``name=value`` words, each name once.

    Parameters
    ----------
    where : str
        The option under which the words were given.
    words : sequence of str, optional
    form, fix : str
        How a word must look, and one that does; for the refusal.
    """
    found: dict[str, str] = {}
    for word in words or ():
        name, sign, text = (part.strip() for part in word.partition("="))
        if not sign or not name:
            raise KoubeiError(where, f"not of the form {form}", got=word, fix=fix)
        if name in found:
            raise KoubeiError(where, f"one {form.partition('=')[0]} stands there twice", got=name)
        found[name] = text
    return found


def changes_of(words: Sequence[str] | None, option: str = "--set") -> dict[str, Any]:
    """Return the changes named by ``path=value`` words; values are read as TOML, else as text.

    `option` is where the words were given.

    Examples
    --------
    >>> changes_of(["seeding.purity=0.3", "seeding.strategy=degree", "channels.qzone=none"])
    {'seeding.purity': 0.3, 'seeding.strategy': 'degree', 'channels.qzone': None}
    """
    fix = "--set seeding.purity=0.3"
    if option == "--change":
        fix = "--change 'purer: seeding.purity=0.9'"
    found = pairs_of(option, words, "path=value", fix)
    return {path: value_of(text) for path, text in found.items()}


def scenario_from(
    given: str, changes: dict[str, Any], own_people: bool = False
) -> tuple[Scenario, dict[str, Any] | None]:
    """Return the scenario that a word names, changed, and the recipe if it names a result.

    With `own_people` a table of people is handed over beside it.
    """
    from koubei_sim import checks
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.model.scenario.files import is_preset
    from koubei_sim.runs import archive
    from koubei_sim.runs.loading import scenario_of

    recipe = None
    if not is_preset(given) and (
        storage.is_result(given) or checks.path("scenario", given).is_dir()
    ):
        recipe = archive.read_recipe(given)
        scenario = scenario_of(recipe, given)
    else:
        scenario = Scenario.load(given, own_people)
    return (scenario.changed(changes, own_people) if changes else scenario), recipe


def graphs_of(pairs: Sequence[str] | None, scenario: Scenario) -> dict[str, Any] | None:
    """Return the graphs that ``channel=file`` words name, by channel; None where there are none."""
    from koubei_sim.networks import read_network

    found = {}
    for name, file in pairs_of("--network", pairs, "channel=file").items():
        if name not in scenario.channels:
            raise KoubeiError(
                "--network", "unknown channel", got=name, allowed=", ".join(scenario.channels)
            )
        spec = scenario.channels[name].network
        # Not directed is only the default of a graph: then it is asked what the file says.
        directed = spec is not None and (spec.directed or spec.kind == "follow")
        found[name] = read_network(file, directed=directed or None)
    return found or None
