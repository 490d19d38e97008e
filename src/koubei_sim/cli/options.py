"""What all commands share: the app that they join, and the options that mean the same in each.

A command is one function: typer reads its arguments and its first line, and it does the work.
Files of commands import nothing heavy at their top, for ``koubei --help`` must be quick.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

FINE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

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
