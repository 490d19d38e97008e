"""Every figure of `kb.plots` with a small result to draw, for the tests that measure them.

`FIGURES` maps a name to a drawing ``draw(ax, lang)``; results are made when first asked for, once
a process.  Run as a script it writes contact sheets, each figure in three sizes and two languages,
which a person looks at: ``python -m tests.gallery FOLDER [NAME ...]``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from tests import cascade_logs

import koubei_sim as kb
from koubei_sim import plots, studies

ROOT = Path(__file__).resolve().parents[1]
#: Inches, wide and high: a column of a paper, matplotlib's own, a slide.
SIZES: Final = ((3.4, 2.4), (6.4, 4.8), (12.0, 7.0))

Draw = Callable[[Any, str], Any]


@cache
def result() -> Any:
    """A market of which some replicates take off, in different weeks, with reported counts."""
    scenario = kb.Scenario.load("tiny").replace(
        **{
            "n_agents": 1000,
            "seeding.number": 7,
            "milestones": [
                {"date": "2010-08-16", "count": 20, "label": "testers", "source": "made up"},
                {"date": "2010-09-20", "count": 150, "label": "forum accounts"},
                {"date": "2010-09-24", "count": 170, "label": "people who came back"},
                {"date": "2010-11-20", "count": 700, "label": "users"},
            ],
        }
    )
    return kb.run(scenario, replicates=9, rng=4, threads=1)


@cache
def many_channels() -> Any:
    """A result with the channels and the long calendar of the preset."""
    scenario = kb.Scenario.load("xiaomi").replace(
        **{"n_agents": 2000, "ticks": 400, "supply.enabled": False, "market.open_to_all": 0}
    )
    return kb.run(scenario, replicates=4, rng=7, threads=1)


@cache
def cascades() -> Any:
    """Independent cascades with trees."""
    net = kb.networks.erdos_renyi(400, 6, key=2)
    rule = kb.IndependentCascade(0.2)
    return kb.cascade(net, rule, [1, 2, 3], replicates=40, rng=7, record="forest", threads=1)


@cache
def brands() -> Any:
    """Two brands that compete."""
    found = cascade_logs.made(replicates=6)
    log = found.activations
    log = log._replace(kind=(log.person % 2).astype(np.int8))
    outcome = cascade_logs.outcome_of(log, found.outcome.replicates, 60)
    return cascade_logs.result_of(outcome, 60, kind_names=("xiaomi", "the other brand"))


@cache
def small() -> Any:
    """A scenario for studies."""
    changes = {"n_agents": 300, "ticks": 25, "seeding.number": 6}
    return kb.Scenario.load("tiny").replace(**changes)


@cache
def sensitivity(method: str) -> Any:
    """A study of sensitivity by a method."""
    paths = {
        "telling.relay": None,
        "seeding.number": (5, 20),
        "telling.relay_days": None,
        "channels.forum.readers_per_post": (5.0, 60.0),
        "products.rom.difficulty": (0.1, 0.7),
    }
    points = {"oat": None, "morris": 4, "sobol": 8}[method]
    return studies.sensitivity(
        small(), paths, method=method, points=points, outcome="users", replicates=3, rng=3,
        workers=1,
    )  # fmt: skip


@cache
def swept() -> Any:
    """A grid of two paths."""
    grid = {
        "seeding.number": [5, 10, 20, 40],
        "channels.forum.readers_per_post": [1.0, 10.0, 30.0, 60.0, 120.0],
    }
    return studies.sweep(small(), grid, replicates=2, rng=1, workers=1)


@cache
def comparison() -> Any:
    """Three scenarios against a fourth, some of which take off."""
    base = small().replace(**{"seeding.number": 6, "ticks": 110})
    return kb.compare(
        {
            "as it is": base,
            "twenty pure seeds": base.replace(**{"seeding.number": 20, "seeding.purity": 1.0}),
            "open door": base.replace(**{"market.open_to_all": 0}),
            "no forum replies": base.replace(**{"channels.forum.reply": 0.0}),
        },
        replicates=12, rng=2, threads=1,
    )  # fmt: skip


@cache
def mapped(kind: str) -> Any:
    """A map of made-up values: of a chance, a count, two arms, a split in three."""
    from koubei_sim.studies.design.values import Range
    from koubei_sim.studies.maps.atlas import Map
    from koubei_sim.studies.maps.axes import Axis
    from koubei_sim.studies.maps.lattice import Lattice
    from koubei_sim.studies.maps.mapping import refine

    three = kind == "split"
    names = ("forum", "weibo", "wechat") if three else ("seeding.purity", "telling.relay")
    axes = tuple(Axis(name, Range(0.0, 1.0), name) for name in names)
    arms = ("one by one", "all at once") if kind in ("arms", "split") else ()
    outcome = "users" if kind == "count" else "take_off"
    found = Map(axes, arms, outcome, Lattice(4, 1, three), 1, "made up")
    luck = (np.arange(20) + 0.5) / 20

    def one(place: Any) -> Any:
        x, y = found.at(place)[:2]
        if kind == "count":
            return (1e5 * (0.1 + x) * (1 + y) * (0.5 + luck))[None]
        rows = [luck < x + 0.3 * y, luck < 0.2 + y]
        return np.array(rows[: max(1, len(arms))], dtype=float)

    refine(found, lambda points: {point: one(point) for point in points}, None)
    return found


@cache
def calibrated() -> Any:
    """A small fit with a held-out point."""
    from koubei_sim.studies.calibration import Targets, calibrate

    scenario = kb.Scenario.load("bass").replace(n_agents=200, ticks=41, **{"seeding.number": 10})
    seen = Targets.series([10, 20, 30, 40], [22, 45, 80, 115], name="adopters", hold_out_after=30)
    ranges = {
        "media.advertising.persuasion": (0.001, 0.02, "log"),
        "channels.market.persuasion": (0.01, 0.3, "log"),
    }
    small = {"particles": 20, "simulations": 110, "generations": 3, "rng": 7, "workers": 1}
    return calibrate(scenario, seen, ranges, **small)


@cache
def verdict(name: str = "E1") -> Any:
    """A stored verdict, with worlds made up: these are not kept."""
    content = json.loads((ROOT / "experiments" / name / "verdict.json").read_text("utf-8"))
    dice = np.random.default_rng(3)
    worlds = {
        row["id"]: (row["smallest"] or 1.0) * dice.normal(2.0, 6.0, 60) for row in content["tests"]
    }
    return SimpleNamespace(content=content, worlds=worlds)


@cache
def hazard() -> Any:
    """A record and a fit to it."""
    net = kb.networks.erdos_renyi(300, 6, key=2)
    dice = np.random.default_rng(4)
    times = np.where(dice.random(300) < 0.6, dice.integers(3, 9, 300), np.nan)
    record = kb.Diffusion(net, times, until=8, start=3, covariates={"age": dice.normal(size=300)})
    return record, kb.hazard(record, "calendar + ties(share) + age")


@cache
def seeds() -> Any:
    """Seeds with a proof."""
    net = kb.networks.erdos_renyi(400, 6, key=2)
    return kb.seeding.maximise(net, kb.IndependentCascade(0.1), 12, rng=7)


FIGURES: Final[dict[str, Draw]] = {
    "pyramid": lambda ax, lang: plots.pyramid(result(), ax=ax, lang=lang),
    "growth": lambda ax, lang: plots.growth(result(), ax=ax, lang=lang),
    "channels": lambda ax, lang: plots.channels(result(), ax=ax, lang=lang),
    "channels-preset": lambda ax, lang: plots.channels(many_channels(), ax=ax, lang=lang),
    "product": lambda ax, lang: plots.product(result(), ax=ax, lang=lang),
    "reproduction": lambda ax, lang: plots.reproduction(result(), ax=ax, lang=lang),
    "retention": lambda ax, lang: plots.retention(result(), ax=ax, lang=lang),
    "retention-preset": lambda ax, lang: plots.retention(many_channels(), ax=ax, lang=lang),
    "stages": lambda ax, lang: plots.stages(result(), ax=ax, lang=lang),
    "stages-preset": lambda ax, lang: plots.stages(many_channels(), ax=ax, lang=lang),
    "forest": lambda ax, lang: plots.forest(result(), ax=ax, lang=lang),
    "cascade_tree": lambda ax, lang: plots.cascade_tree(result(), ax=ax, lang=lang),
    "cascade_tree-preset": lambda ax, lang: plots.cascade_tree(many_channels(), ax=ax, lang=lang),
    "activation_tree": lambda ax, lang: plots.activation_tree(cascades(), ax=ax, lang=lang),
    "activation_tree-brands": lambda ax, lang: plots.activation_tree(brands(), ax=ax, lang=lang),
    "cascade_curve": lambda ax, lang: plots.cascade_curve(cascades(), ax=ax, lang=lang),
    "cascade_curve-brands": lambda ax, lang: plots.cascade_curve(brands(), ax=ax, lang=lang),
    "cascade_generations": lambda ax, lang: plots.cascade_generations(cascades(), ax=ax, lang=lang),
    "cascade_probability": lambda ax, lang: plots.cascade_probability(cascades(), ax=ax, lang=lang),
    "cascade_sizes": lambda ax, lang: plots.cascade_sizes(
        cascades(), ax=ax, lang=lang, theory=lambda s: s**-0.5
    ),
    "tornado-oat": lambda ax, lang: plots.tornado(sensitivity("oat"), ax=ax, lang=lang),
    "tornado-morris": lambda ax, lang: plots.tornado(sensitivity("morris"), ax=ax, lang=lang),
    "tornado-sobol": lambda ax, lang: plots.tornado(sensitivity("sobol"), ax=ax, lang=lang),
    "interactions-morris": lambda ax, lang: plots.interactions(
        sensitivity("morris"), ax=ax, lang=lang
    ),
    "interactions-sobol": lambda ax, lang: plots.interactions(
        sensitivity("sobol"), ax=ax, lang=lang
    ),
    "heatmap": lambda ax, lang: plots.heatmap(swept(), ax=ax, lang=lang),
    "compare": lambda ax, lang: plots.compare(comparison(), ax=ax, lang=lang),
    "compare-outcomes": lambda ax, lang: plots.compare(
        comparison(), ax=ax, lang=lang, outcomes=["users", "adoptions", "cost_per_loyal"]
    ),
    "strata": lambda ax, lang: plots.strata(comparison(), ax=ax, lang=lang),
    "phase-chance": lambda ax, lang: plots.phase(mapped("chance"), ax=ax, lang=lang),
    "phase-count": lambda ax, lang: plots.phase(mapped("count"), ax=ax, lang=lang),
    "phase-arms": lambda ax, lang: plots.phase(mapped("arms"), ax=ax, lang=lang),
    "phase-split": lambda ax, lang: plots.phase(mapped("split"), ax=ax, lang=lang),
    "phase-interaction": lambda ax, lang: plots.phase(
        mapped("chance"), ax=ax, lang=lang, what="interaction"
    ),
    "posterior_predictive": lambda ax, lang: plots.posterior_predictive(
        calibrated(), ax=ax, lang=lang, number=10
    ),
    "marginals": lambda ax, lang: plots.marginals(calibrated(), ax=ax, lang=lang),
    "claim_worlds": lambda ax, lang: plots.claim_worlds(verdict(), ax=ax, lang=lang),
    "claim_ladder": lambda ax, lang: plots.claim_ladder(verdict(), ax=ax, lang=lang),
    "hazard_curve": lambda ax, lang: plots.hazard_curve(hazard()[1], ax=ax, lang=lang),
    "hazard_calibration": lambda ax, lang: plots.hazard_calibration(hazard()[1], ax=ax, lang=lang),
    "hazard_residuals": lambda ax, lang: plots.hazard_residuals(
        hazard()[1], "ties(share)", ax=ax, lang=lang
    ),
    "thresholds": lambda ax, lang: plots.thresholds(
        kb.evidence.thresholds(hazard()[0]), ax=ax, lang=lang
    ),
    "seeds_curve": lambda ax, lang: plots.seeds_curve(seeds(), ax=ax, lang=lang),
}  # fmt: skip


def drawn(name: str, size: tuple[float, float] | None, lang: str) -> Any:
    """Draw a figure on axes of a bare figure of a size, or on its own without one; return it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if size is None:
        return FIGURES[name](None, lang).figure
    figure = Figure(figsize=size, dpi=100)
    FigureCanvasAgg(figure)
    FIGURES[name](figure.subplots(), lang)
    return figure


def sheet(name: str, folder: Path) -> Path:
    """Write one picture with a figure in three sizes, English above Chinese."""
    import io

    import matplotlib.image as reader

    rows = []
    for lang in ("en", "zh"):
        pictures = []
        for size in SIZES:
            file = io.BytesIO()
            drawn(name, size, lang).savefig(file, format="png")
            file.seek(0)
            pictures.append(reader.imread(file)[..., :3])
        high = max(p.shape[0] for p in pictures)
        padded = [np.pad(p, ((0, high - len(p)), (0, 10), (0, 0)), constant_values=0.6)
                  for p in pictures]  # fmt: skip
        rows.append(np.concatenate(padded, axis=1))
    path = folder / f"{name}.png"
    reader.imsave(path, np.concatenate(rows, axis=0))
    return path


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    for asked in sys.argv[2:] or FIGURES:
        print(sheet(asked, place))
