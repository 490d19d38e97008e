"""The command line: ``koubei`` (or ``python -m koubei_sim.cli``).

This file holds only the entry point, which turns every expected failure into one line on stderr
and an exit status: 0 fine, 1 failed, 2 wrong use or wrong input, 130 interrupted.  The commands
are in the files that `commands` opens, and do their imports when they run: ``koubei --help`` must
be quick.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

from koubei_sim.cli.options import FAILED, FINE, INTERRUPTED, WRONG_USE

if TYPE_CHECKING:
    from typer import Typer

#: Files of commands, in the order in which ``koubei --help`` lists them.
FILES = (
    "run",
    "look",
    "report",
    "live",
    "cascade",
    "seeds",
    "evidence",
    "compare",
    "sensitivity",
    "decide",
    "studies",
)


def commands() -> Typer:
    """Return the app with all its commands."""
    from koubei_sim.cli.options import app

    for name in FILES:
        import_module(f"koubei_sim.cli.{name}")
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after ``koubei``; those of the process without it.
    """
    import warnings

    _make_ready()
    from koubei_sim.errors import KoubeiError

    try:
        app = commands()
        warnings.showwarning = _note
        status = app(args=arguments, prog_name="koubei", standalone_mode=False)
        sys.stdout.flush()
        _tell_what_was_replaced()
        if status == INTERRUPTED:  # how some releases of typer hand on Ctrl-C
            raise KeyboardInterrupt
        return status if isinstance(status, int) else FINE
    except KoubeiError as error:
        # A study that could not go on has kept what was done: nothing was wrong with the words.
        stopped = type(error).__name__ == "SweepStopped"
        return _say(str(error), FAILED if stopped else WRONG_USE)
    except BrokenPipeError:
        _drop_output()  # the reader (head, less) has seen enough
        return FAILED
    except OSError as error:
        _drop_output()  # what could not be written is not tried once more at the exit
        where = error.filename or "files"
        return _say(f"{where}: {error.strerror or error}", WRONG_USE)
    except MemoryError:
        return _say("n_agents: out of memory, try fewer agents or threads=1", FAILED)
    except KeyboardInterrupt:
        return _say("interrupted, nothing half-written is left", INTERRUPTED)
    except Exception as error:
        # Complaints of the option parser (its classes have moved between releases of typer).
        if type(error).__name__ == "Abort":
            return _say("interrupted, nothing half-written is left", INTERRUPTED)
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]
            return WRONG_USE
        if hasattr(error, "format_message"):
            said = error.format_message().replace(": Value error, ", ": ")
            said = said.replace(": Input should be", ": should be")
            if getattr(error, "option_name", "") == "--seed" and _has_rng(error):
                said = f"--seed: seeds are people here, try {_as_rng(arguments)}"
            return _say(f"{said} (koubei --help shows what there is)", WRONG_USE)
        raise


def _has_rng(error: Exception) -> bool:
    command = getattr(getattr(error, "ctx", None), "command", None)
    return any("--rng" in option.opts for option in getattr(command, "params", ()))


def _as_rng(arguments: Sequence[str] | None) -> str:
    """Return ``--seed 3``, which others have, as it is written here."""
    words = " ".join(sys.argv[1:] if arguments is None else arguments).replace("=", " ").split()
    after = words[words.index("--seed") + 1 :] if "--seed" in words else []
    return f"--rng {after[0]}" if after and after[0].isdecimal() else "--rng"


def _make_ready() -> None:
    """Make sure that there are streams, and that whatever is printed can be printed."""
    from koubei_sim.cli import screen

    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the command
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=screen.REPLACING)


def _tell_what_was_replaced() -> None:
    from koubei_sim.cli import screen

    if screen.replaced:
        pages = ", ".join(sorted(screen.replaced))
        screen.replaced.clear()
        _note(
            f"signs that {pages} does not have were replaced; PYTHONIOENCODING=utf-8 writes them",
            UserWarning,
            "",
            0,
        )


def _drop_output() -> None:
    """Keep Python from complaining at its exit about output that nobody takes."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):  # a stream may have no file beneath
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _note(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as one line, without the place in the code."""
    with contextlib.suppress(OSError):
        print("koubei: note: " + " ".join(str(message).split()), file=sys.stderr)


def _say(message: str, status: int) -> int:
    try:
        print("koubei: " + " ".join(message.split()), file=sys.stderr, flush=True)
    except OSError:
        _drop_output()
    return status
