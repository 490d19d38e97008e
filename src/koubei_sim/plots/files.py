"""Writing the whole set of figures into a folder.

Called by people and by the command line (``koubei run --out``, ``koubei plot``).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from koubei_sim import checks
from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.arrays import events_in
from koubei_sim.plots import curves, trees
from koubei_sim.plots.style import drawing, takes
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: File name -> figure, in the order in which a talk would show them.
FIGURES: Final[dict[str, Callable[..., Any]]] = {
    "pyramid": curves.pyramid,
    "growth": curves.growth,
    "channels": curves.channels,
    "product": curves.product,
    "reproduction": curves.reproduction,
    "retention": curves.retention,
    "stages": curves.stages,
    "forest": trees.forest,
    "tree": trees.cascade_tree,
}
#: Those that look at whole columns of the event log.
OF_THE_LOG: Final = frozenset({"reproduction", "retention", "forest", "tree"})


@takes("Result", "run(...)", "histories", "scenario")
def save_all(
    result: Any,
    folder: str | Path,
    lang: Lang = "en",
    format: Literal["png", "svg", "pdf"] = "png",
    log: bool = True,
) -> list[Path]:
    """Write every figure of `FIGURES` into a folder and return the paths.

    Figures of the recruitment forest are left out where nobody adopted.

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
    for name, draw in FIGURES.items():
        if (log or name not in OF_THE_LOG) and (
            adopted or draw not in (trees.forest, trees.cascade_tree)
        ):

            def drawn(ax: Axes, lang: Lang, draw: Callable[..., Any] = draw) -> Any:
                return draw(result, ax=ax, lang=lang)

            written.append(write_figure(folder / f"{name}.{format}", drawn, lang))
    return written


def write_figure(
    path: Path, draw: Callable[[Axes, Lang], object], lang: str = "en", **options: Any
) -> Path:
    """Draw on an axis, given the language to speak, into a file whose suffix says its format.

    The same drawing makes the same bytes: no date is in them.  `options` go to matplotlib.
    """
    with whole_file(path) as file:
        _write(file, draw, lang, path.suffix[1:], None, **options)
    return path


def picture(
    draw: Callable[[Axes, Any], object],
    lang: str = "en",
    format: str = "svg",
    size: tuple[float, float] | None = None,
) -> bytes:
    """Return the bytes that `write_figure` would write; `size` is width and height in inches."""
    sink = io.BytesIO()
    _write(sink, draw, lang, format, size)
    return sink.getvalue()


def _write(
    sink: Any,
    draw: Callable[[Axes, str], object],
    lang: str,
    format: str,
    size: tuple[float, float] | None,
    **options: Any,
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Settings matter again when ticks are made, that is while saving.
    with drawing(lang) as spoken:
        figure = Figure(figsize=size)  # not through pyplot: no window, nothing to close
        FigureCanvasAgg(figure)
        draw(figure.subplots(), spoken)
        dates = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
        figure.savefig(sink, format=format, metadata=dates.get(format, {}), **options)
