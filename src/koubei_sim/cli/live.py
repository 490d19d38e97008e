"""The command of the live page: ``koubei app``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from koubei_sim.cli.options import FINE, INTERRUPTED, Lang, Language, app


@app.command("app")
def live(
    scenario: Annotated[str, typer.Argument(metavar="[SCENARIO]")] = "xiaomi",
    port: Annotated[int, typer.Option(min=0, help="Port; 0: one that is free.")] = 2718,
    host: Annotated[str, typer.Option(help="Address; all but this machine's own need a token.")] = (
        "127.0.0.1"
    ),
    people: Annotated[int, typer.Option(min=1, help="People simulated at first, at most.")] = (
        100_000
    ),
    token: Annotated[
        str | None,
        typer.Option(envvar="KOUBEI_TOKEN", help="Word that visitors must bring; made if needed."),
    ] = None,
    lang: Language = Lang.en,
) -> int:
    """Open a live page: move levers in a browser and see what becomes of the pyramid."""
    from koubei_sim.app.server import serve

    def say(address: str) -> None:
        print(f"koubei app: {address} (Ctrl-C ends it)", flush=True)

    try:
        serve(scenario, host, port, people, token, lang.value, say)
    except KeyboardInterrupt:
        # Python would wait for the worlds that are being made; nobody is there to see them.
        print("koubei: interrupted, the page is closed", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)
    return FINE
