"""The commands, their arguments and help texts; the work is in the files beside this one.

Nothing heavy is imported at the top of this file or of the files it imports at the top: the
commands import what they need when they run.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="koubei",
    help="Word-of-mouth diffusion on social graphs: from seed users to a fan pyramid.",
    epilog="Exit status: 0 fine, 1 failed, 2 wrong use or input. RESULT is a folder made by --out.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Lang(StrEnum):
    """Languages of texts and figures."""

    en = "en"
    zh = "zh"


class Format(StrEnum):
    """File formats of figures."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a value first (may be repeated)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout, for machines.")]
Language = Annotated[Lang, typer.Option(help="Language of texts and figures.")]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="Replicates side by side; as many as fit, without it."),
]


@app.command()
def run(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO|RESULT", help="Preset, TOML file, or a saved result.")
    ],
    replicates: Annotated[int | None, typer.Option(min=1, help="Number of replicates.")] = None,
    rng: Annotated[
        int | None, typer.Option(min=0, help="Key of all randomness; fresh without it.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="compiled or reference.")] = None,
    changes: Changes = None,
    ticks: Annotated[int | None, typer.Option(help="Days to simulate.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the result.")] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Write events to --out while running, not to memory.")
    ] = False,
    as_json: AsJson = False,
    lang: Language = Lang.en,
    threads: Threads = None,
    figures: Annotated[bool, typer.Option(help="Draw figures into the folder too.")] = True,
    agents: Annotated[Path | None, typer.Option(help="CSV or parquet file of people.")] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(metavar="CHANNEL=FILE", help="Graph of a channel (may be repeated)."),
    ] = None,
) -> int:
    """Run a scenario, or repeat a saved result and compare."""
    from koubei_sim.cli import running

    return running.run(
        scenario,
        replicates=replicates,
        rng=rng,
        engine=engine,
        changes=changes or [],
        ticks=ticks,
        out=out,
        stream=stream,
        as_json=as_json,
        lang=lang.value,
        threads=threads,
        figures=figures,
        agents=agents,
        networks=network or [],
    )


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = Path("demo"),
    replicates: Annotated[int, typer.Option(min=1, help="Number of replicates.")] = 4,
    rng: Annotated[int, typer.Option(min=0, help="Key of all randomness.")] = 20100816,
    lang: Language = Lang.en,
    threads: Threads = None,
) -> int:
    """Grow the Xiaomi pyramid: a small run with tables and figures."""
    from koubei_sim.cli import running

    return running.demo(out, replicates, rng, lang.value, threads)


@app.command()
def plot(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Folder of a saved result.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures; RESULT/figures without it.")
    ] = None,
    lang: Language = Lang.en,
    format: Annotated[Format, typer.Option(help="Format of the files.")] = Format.png,
) -> int:
    """Draw the figures of a saved result."""
    from koubei_sim.cli import running

    return running.plot(result, out, lang.value, format.value)


@app.command()
def describe(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO")],
    changes: Changes = None,
    lang: Language = Lang.en,
) -> int:
    """Say a scenario in plain words."""
    from koubei_sim.cli import scenarios

    return scenarios.describe(scenario, changes or [], lang.value)


@app.command()
def params(
    scenario: Annotated[str | None, typer.Argument(metavar="[SCENARIO]")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only parameters whose path or text has this.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List all parameters: range, neutral value, provenance."""
    from koubei_sim.cli import scenarios

    return scenarios.params(scenario, search, as_json)


@app.command()
def schema(
    kind: Annotated[
        str, typer.Argument(help="scenario, sweep, calibration or claim.")
    ] = "scenario",
) -> int:
    """Write the JSON schema of scenarios or of study files, for editors and forms."""
    from koubei_sim.cli import scenarios

    return scenarios.schema(kind)


@app.command()
def presets(as_json: AsJson = False) -> int:
    """List the scenarios that come with the library."""
    from koubei_sim.cli import scenarios

    return scenarios.presets(as_json)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="Scenario or result.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Scenario or result.")],
    as_json: AsJson = False,
) -> int:
    """Say what differs between two scenarios or two results."""
    from koubei_sim.cli import scenarios

    return scenarios.diff(first, second, as_json)


@app.command()
def warmup() -> int:
    """Compile and cache all kernels, for a quick first run."""
    from koubei_sim.cli import upkeep

    return upkeep.warmup()


@app.command()
def info(as_json: AsJson = False) -> int:
    """Show versions, cache folder, cores and memory."""
    from koubei_sim.cli import upkeep

    return upkeep.info(as_json)


@app.command()
def cascade(
    graph: Annotated[
        str, typer.Argument(metavar="GRAPH", help="File, or a generator such as follow:100000.")
    ],
    rule: Annotated[
        str,
        typer.Option(
            help="independent, linear-threshold, threshold, reinforcement, competing, negative, "
            "delayed, bass, sir, fractional-sir or sis."
        ),
    ] = "independent",
    p: Annotated[float | None, typer.Option(help="Probability or rate p of the rule.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Argument of the rule (may be repeated)."),
    ] = None,
    seeds: Annotated[
        list[str] | None,
        typer.Option(help="10, ids:3,5, degree:50 or a file; BRAND=.. for competing."),
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=1, help="1,000 without it.")] = None,
    rng: Annotated[
        int | None, typer.Option(min=0, help="Key of all randomness; fresh without it.")
    ] = None,
    directed: Annotated[
        bool, typer.Option("--directed", help="Read the file so: arcs have a direction.")
    ] = False,
    undirected: Annotated[
        bool, typer.Option("--undirected", help="Read the file so: ties go both ways.")
    ] = False,
    contacts: Annotated[bool, typer.Option(help="The file holds contacts with times.")] = False,
    horizon: Annotated[float | None, typer.Option(help="Last step or time.")] = None,
    tick: Annotated[float | None, typer.Option(help="Width of the bins of curves.")] = None,
    until_precision: Annotated[
        float | None, typer.Option(help="Go on until the mean is known to this share.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Go on for so many seconds.")] = None,
    record: Annotated[
        list[str] | None, typer.Option(help="people, times, kinds or forest (may be repeated).")
    ] = None,
    method: Annotated[str, typer.Option(help="How to compute it: auto, blocks, wide.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="All cores without it.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder, or a .parquet or .csv of replicates.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Parquet file of who convinced whom.")] = None,
    as_json: AsJson = False,
) -> int:
    """Run a rule of diffusion on a graph many times."""
    from koubei_sim.cli import cascade as command
    from koubei_sim.errors import KoubeiError

    if directed and undirected:
        raise KoubeiError("--undirected", "given beside --directed", fix="one of the two")
    return command.cascade(
        graph,
        rule=rule,
        p=p,
        settings=settings or [],
        seeds=["1"] if seeds is None and rule != "bass" else seeds or [],
        replicates=replicates,
        rng=rng,
        directed=None if directed == undirected else directed,
        contacts=contacts,
        horizon=horizon,
        tick=tick,
        precision=until_precision,
        seconds=seconds,
        record=record or [],
        method=method,
        threads=threads,
        out=out,
        log=log,
        as_json=as_json,
    )


@app.command()
def verify(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which one.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Larger runs, smaller errors.")] = False,
    rng: Annotated[
        int | None, typer.Option(min=0, help="Key of all randomness; a fixed one without it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures.")] = None,
    as_json: AsJson = False,
) -> int:
    """Make published results again (in a checkout), with verdicts; list them without a name."""
    from koubei_sim.cli import upkeep

    if context.info_name == "replicate":
        upkeep.note_old_name("replicate", "verify")
    return upkeep.verify(name, everything=everything, full=full, rng=rng, out=out, as_json=as_json)


app.command("replicate", hidden=True)(verify)  # its old name, for one release
