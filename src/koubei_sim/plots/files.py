"""Writing the whole set of figures into a folder.

Called by people and by the command line (``koubei run --out``, ``koubei plot``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.arrays import events_in
from koubei_sim.plots import cohorts, curves, trees
from koubei_sim.plots.style import drawing, takes

#: File name -> figure, in the order in which a talk would show them.
FIGURES: Final[dict[str, Callable[..., Any]]] = {
    "pyramid": curves.pyramid,
    "growth": curves.growth,
    "channels": curves.channels,
    "product": curves.product,
    "reproduction": curves.reproduction,
    "retention": cohorts.retention,
    "stages": curves.stages,
    "forest": trees.forest,
    "tree": trees.cascade_tree,
}
#: Those that look at whole columns of the event log.
OF_THE_LOG: Final = frozenset({"reproduction", "retention", "forest", "tree"})


@takes("Result", "run(...)", "histories", "scenario")
def save_all(
    result: Any, folder: str | Path, lang: str = "en", format: str = "png", log: bool = True
) -> list[Path]:
    """Write every figure of `FIGURES` into a folder and return the paths.

    Each file is written under a temporary name and renamed.  Figures of the recruitment forest
    are left out where nobody adopted.

    Parameters
    ----------
    result : Result
    folder : str or Path
        Made where it does not exist.
    lang : {"en", "zh"}
    format : {"png", "svg", "pdf"}
    log : bool
        False leaves out the figures that read the event log into memory (`OF_THE_LOG`).

    Raises
    ------
    KoubeiError
        When a file cannot be written, or for an unknown language or format.
    """
    if format not in ("png", "svg", "pdf"):
        raise KoubeiError("format", "unknown format", got=repr(format), allowed="png, svg, pdf")
    folder = checks.path("folder", folder)
    adopted = any(events_in(history) for history in result.histories)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, draw in FIGURES.items():
            drawn = log or name not in OF_THE_LOG
            if drawn and (adopted or draw not in (trees.forest, trees.cascade_tree)):
                written.append(save(draw, result, folder / f"{name}.{format}", lang))
    except OSError as error:
        raise KoubeiError(str(folder), f"cannot be written ({error.strerror or error})") from None
    return written


def save(draw: Callable[..., Any], result: Any, path: Path, lang: str) -> Path:
    """Draw one figure and write it under a temporary name, then rename it; returns the path."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    descriptor, partial = tempfile.mkstemp(
        prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent
    )
    os.close(descriptor)
    try:
        # Settings matter again when ticks are made, that is while saving.
        with drawing(lang) as spoken:
            figure = Figure()  # not through pyplot: no window, nothing to close
            FigureCanvasAgg(figure)
            draw(result, ax=figure.subplots(), lang=spoken)
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
            metadata = {"Date": None} if path.suffix == ".svg" else metadata
            figure.savefig(partial, metadata=metadata)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return path
