"""What the report of a run holds: findings, curves, tables, assumptions, and how to make it again.

Numbers are those of `Result.summary` and `Result.pyramid`; whether it takes off is told first, all
else of the replicates that did, never as a mean over both kinds.
Called by `Result._page` and by the pages of studies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.metrics import hurdle, indices, overview
from koubei_sim.metrics.measuring import FLOWS
from koubei_sim.metrics.overview import Told, told
from koubei_sim.metrics.runs import (
    block,
    die_hard_and_core,
    loyal_and_above,
    people_of,
    scale_of,
    users,
)
from koubei_sim.metrics.words import CELLS, meaning_in, shown_as
from koubei_sim.model.world.noted import NOTES
from koubei_sim.reports import numbers
from koubei_sim.reports.page import (
    Curves,
    Figures,
    Line,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
    table_of,
)
from koubei_sim.reports.words import Words, retold
from koubei_sim.runs import page_parts as parts
from koubei_sim.runs.page_words import WORDS

FloatArray = NDArray[np.float64]

#: Thin lines of single replicates that a chart has at most.
THIN: Final = 20
_WEEK: Final = 7
#: The band of replicates.
_BAND: Final = (0.05, 0.5, 0.95)

# The page of a result -----------------------------------------------------------------------------


def page_of(run: Any, lang: str) -> Page:
    """Return the page of a `Result`."""
    say = Words(lang, WORDS)
    scenario, summary = run.scenario, run.summary()
    sections = [
        Section(say("findings"), [figures(run, say), Sentences(findings(run, summary, say))])
    ]
    notes = [*(retold(note, lang, NOTES) for note in run.notes), *handed(run, say)]
    if notes:
        sections[0] = Section(say("findings"), [*sections[0].blocks, Sentences(notes, True)])
    tables = [_summary_table(summary, say), _pyramid_table(run, say)]
    sections += [
        Section(say("charts"), curves(run, say)),
        Section(say("tables"), tables),
        Section(say("simulated"), [parts.in_words(scenario, say)]),
        Section(say("assumptions"), parts.assumptions(scenario, say), folded=True),
        Section(say("recipe"), _recipe(run, say), folded=True),
        reading(say),
    ]
    return Page(parts.title_of(scenario, say), lead(run, say), lang, sections)


def lead(run: Any, say: Words) -> str:
    """Return a line on what was run."""
    scenario, many = run.scenario, len(run.histories)
    start = "" if scenario.start_date is None else say("from_date", date=scenario.start_date)
    number = say("one_replicate") if many == 1 else say("many_replicates", number=many)
    return say(
        "run_lead",
        people=numbers.shown(people_of(run), "count"),
        days=run.histories[0].table.shape[0],
        start=start,
        replicates=number,
        engine=getattr(run, "engine", "compiled"),
        key=run.key,
    )


def reading(say: Words) -> Section:
    """Return the section on how to read a page."""
    words = ("read_off", "read_intervals", "read_model")
    return Section(say("reading"), [Sentences([say(word) for word in words])])


_LEVELS: Final = (
    ("users", users, 0), ("loyal", loyal_and_above, 1), ("die_hard", die_hard_and_core, 2),
)  # fmt: skip


def figures(run: Any, say: Words) -> Figures:
    """Return what is read first: the chance of take-off, and the levels at the end."""
    taken = overview.taken_of(run)
    entries = []
    for name, values in (("take_off", taken.astype(float)), *_at_the_end(run)):
        found = told(name, values, taken, run.key, people=people_of(run))
        kind = shown_as(name)
        title = say("takes_off") if name == "take_off" else say("at_the_end", name=say(name))
        entries.append(
            (title, numbers.shown(found.estimate, kind), _remark(found, kind, taken.size, say))
        )
    return Figures(entries)


def _at_the_end(run: Any) -> list[tuple[str, FloatArray]]:
    scale = scale_of(run)
    return [
        (name, np.array([count(h)[-1] for h in run.histories], dtype=np.float64) * scale)
        for name, count, _ in _LEVELS
    ]


def _remark(found: Told, kind: str, replicates: int, say: Words) -> str:
    ends = numbers.interval(found.low, found.high, kind, say.lang)
    if ends:
        return say("ends", ends=ends)
    return say("one_run") if replicates == 1 else say("too_few")


def findings(run: Any, summary: Any, say: Words) -> list[str]:
    """Return what the replicates say, in sentences."""
    taken, lang = overview.taken_of(run), say.lang
    rows, of = hurdle.kept(taken)
    found = told("take_off", taken.astype(float), taken, run.key)
    chance = numbers.told(found.estimate, found.low, found.high, "share", lang)
    if taken.size == 1 and taken[0]:
        said = [say("off_one")]
    elif taken.any():
        said = [say("off_in", taken=int(taken.sum()), of=taken.size, chance=chance)]
    else:
        said = [say("off_not", of=taken.size, chance=chance)]
    for name, values in _at_the_end(run):
        one = told(name, values, taken, run.key, people=people_of(run))
        low, high = np.quantile(values[rows], (0.25, 0.75))
        title = say("at_the_end", name=say(name))
        said.append(
            say(
                "where_taken" if of == "taken off" else "where_all",
                name=title if of == "taken off" else title[:1].upper() + title[1:],
                said=numbers.told(one.estimate, one.low, one.high, "count", lang),
                low=numbers.shown(low, "count"),
                high=numbers.shown(high, "count"),
            )
        )
    if of == "taken off":
        dead = float(np.median(_at_the_end(run)[0][1][~taken]))
        said.append(say("where_dead", users=numbers.shown(dead, "count")))
    more = hurdle.more(taken.size, int(rows.sum()))
    if more:
        said.append(say("more_needed", more=more))
    if summary.loc["cost", "estimate"] > 0.0:
        rows_of = (summary.loc[name] for name in ("cost", "cost_per_user"))
        cost, each = (
            numbers.told(row["estimate"], row["low"], row["high"], "count", lang) for row in rows_of
        )
        said.append(say("costs", cost=cost, each=each))
    return said


# Charts -------------------------------------------------------------------------------------------


def curves(run: Any, say: Words) -> list[Curves]:
    """Return the charts of a run over time."""
    scale, histories = scale_of(run), run.histories
    taken = overview.taken_of(run)
    rows, of = hurdle.kept(taken)
    start, days = run.scenario.start_date, histories[0].table.shape[0]
    x = np.arange(days)
    note = said_of(rows, of, say)
    found = [pyramid(run, say)]
    if len(histories) > 1:
        every = _stacked(run, users)
        thin, remark = single(every, taken, say)
        line = middle(f"{say('users')}, {say('median')}", every[rows], 0, band=False)
        found.append(
            chart(
                "replicates", say("replicates_chart"), x, [*thin, line], say("people"), say,
                remark, start, log=True,
            )
        )  # fmt: skip
    at, flows = _weekly(x, {name: _stacked(run, FLOWS[name]) for name in ("adoptions", "leavers")})
    thin = single(flows["adoptions"], taken, say)[0] if len(histories) > 1 else []
    lines = [
        middle(say("new_users"), flows["adoptions"][rows], 0),
        middle(say("leavers"), flows["leavers"][rows], 2),
    ]
    found.append(
        chart("weekly", say("weekly"), at, [*thin, *lines], say("people_a_week"), say, note, start)
    )
    by_person = np.stack([block(h, "adoptions_channel") for h in histories]).cumsum(axis=1) * scale
    by_media = np.stack([block(h, "adoptions_media") for h in histories]).sum(axis=2)
    lines = [
        middle(name, by_person[rows][:, :, k], k, band=False)
        for k, name in enumerate(run.scenario.channels)
    ]
    if by_media.any():
        lines.append(middle(say("own_media"), by_media.cumsum(axis=1)[rows] * scale, 5, band=False))
    found.append(
        chart("channels", say("channels"), x, lines, say("adoptions"), say, note, start, log=False)
    )
    fame = np.stack([_moving(indices.reputation_index(h)) for h in histories])[rows]
    if np.isfinite(fame).any():
        found.append(
            chart(
                "reputation", say("reputation_chart"), x, [middle(say("reputation"), fame, 1)],
                say("index"), say, note, start, kind="number",
            )
        )  # fmt: skip
    return found


def pyramid(run: Any, say: Words) -> Curves:
    """Return users, loyal and die-hard over time."""
    rows, of = hurdle.kept(overview.taken_of(run))
    lines = [
        middle(say(name), _stacked(run, count)[rows], colour) for name, count, colour in _LEVELS
    ]
    x, start = np.arange(run.histories[0].table.shape[0]), run.scenario.start_date
    lines += _seen(run, x.size, say)
    note = said_of(rows, of, say)
    return chart("pyramid", say("pyramid"), x, lines, say("people"), say, note, start, log=True)


def _seen(run: Any, days: int, say: Words) -> list[Line]:
    """Return counts reported in the world; several of one day stand in lines of their own."""
    found: list[Line] = []
    for day, one in overview.reported(run.scenario):
        free = next((line for line in found if np.isnan(line.values[day])), None)
        if free is None:
            free = Line(say("seen"), np.full(days, np.nan), points=True)
            found.append(free)
        free.values[day] = one.count
    return found


def _stacked(run: Any, count: Callable[[Any], NDArray[Any]]) -> FloatArray:
    """Return what is counted of each replicate, in people, [R, T]."""
    return np.stack([count(h) for h in run.histories]).astype(np.float64) * scale_of(run)


def said_of(rows: NDArray[np.bool_], of: str, say: Words) -> str:
    """Return of which replicates medians and bands are."""
    n = int(rows.sum())
    word = {"taken off": "of_taken", "all": "of_all"}.get(of, "of_none")
    return say("median_of", of=say("of_one" if rows.size == 1 else word, n=n))


def chart(
    name: str,
    title: str,
    x: NDArray[Any],
    lines: Sequence[Line],
    y_title: str,
    say: Words,
    note: str = "",
    start: Any = None,
    kind: str = "count",
    log: bool | None = None,
) -> Curves:
    """Return a chart whose alternative says where its lines begin and end."""
    said = []
    for line in lines:
        known = np.flatnonzero(np.isfinite(line.values))
        if line.thin or not known.size:
            continue
        first, last = (numbers.shown(float(line.values[k]), kind) for k in known[[0, -1]])
        day, end = (int(x[k]) for k in known[[0, -1]])
        said.append(say("from_to", name=line.title, first=first, last=last, day=day, end=end))
    return Curves(name, title, x, lines, y_title, "; ".join(said), note, start, kind, log)


def middle(title: str, values: FloatArray, colour: int, band: bool = True) -> Line:
    """Return the median of rows, with the band of 90 % of them where there are several."""
    low, line, high = quantiles(values)
    if not band or values.shape[0] < 2:
        return Line(title, line, colour=colour)
    return Line(title, line, low, high, colour=colour)


def quantiles(values: FloatArray) -> FloatArray:
    """Return the band of 90 % and the median of columns, [3, T]; NaN are left out.

    As `numpy.nanquantile`, which takes a second for ten years.

    Examples
    --------
    >>> quantiles(np.array([[1.0, np.nan], [3.0, np.nan], [2.0, 7.0]])).tolist()
    [[1.1, 7.0], [2.0, 7.0], [2.9, 7.0]]
    """
    ordered = np.sort(values, axis=0)  # NaN come last
    last = np.isfinite(values).sum(axis=0) - 1.0
    place = np.maximum(np.array(_BAND)[:, None] * last, 0.0)
    below = np.floor(place)
    low, high = (
        np.take_along_axis(ordered, at.astype(np.int64), axis=0) for at in (below, np.ceil(place))
    )
    return np.asarray(low + (high - low) * (place - below))


def single(values: FloatArray, taken: NDArray[np.bool_], say: Words) -> tuple[list[Line], str]:
    """Return thin lines of single replicates, and a sentence on which these are."""
    order = np.argsort(values[:, -1], kind="stable")
    picked = order[
        np.unique(np.linspace(0, order.size - 1, min(order.size, THIN)).round()).astype(int)
    ]
    lines = [
        Line(f"{k}", values[k], thin=True, faint=not taken[k]) for k in sorted(picked.tolist())
    ]
    note = say("thin")
    if picked.size < order.size:
        note = f"{note} {say('thin_some', shown=picked.size, number=order.size)}"
    return lines, note


def _weekly(
    x: NDArray[Any], daily: Mapping[str, FloatArray]
) -> tuple[NDArray[Any], dict[str, FloatArray]]:
    """Return the last day of each whole week, and sums over weeks; a shorter rest is left out."""
    weeks = x.size // _WEEK
    if not weeks:
        return x[-1:], {name: each.sum(axis=1, keepdims=True) for name, each in daily.items()}
    ends = x[_WEEK - 1 : weeks * _WEEK : _WEEK]
    return ends, {
        name: each[:, : weeks * _WEEK].reshape(each.shape[0], weeks, _WEEK).sum(axis=2)
        for name, each in daily.items()
    }


def _moving(values: FloatArray) -> FloatArray:
    """Return the mean of the last week's defined values at each day."""
    known = np.isfinite(values)
    total, count = (
        np.convolve(each, np.ones(_WEEK), "full")[: values.size]
        for each in (np.where(known, values, 0.0), known.astype(float))
    )
    return np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0.5)


# Tables -------------------------------------------------------------------------------------------


def _summary_table(summary: Any, say: Words) -> Table:
    frame = summary.copy()
    frame["meaning"] = [meaning_in(say.lang, name, said) for name, said in frame["meaning"].items()]
    for column in ("of", "interval"):
        frame[column] = [retold(cell, say.lang, CELLS) for cell in frame[column]]
    columns = [("meaning", say("meaning"), "text"), ("estimate", say("estimate"), "row")]
    columns += [("low", say("low"), "row"), ("high", say("high"), "row")]
    columns += [("n", say("n"), "count"), ("of", say("of"), "text")]
    columns += [(f"q{share:02d}", say("quantile", share=share), "row") for share in (5, 50, 95)]
    columns += [("interval", say("interval"), "text"), ("outcome", say("outcome"), "text")]
    kinds = [shown_as(name) for name in frame.index]
    return table_of("summary", say("summary"), frame, columns, say("summary_note"), kinds)


def _pyramid_table(run: Any, say: Words) -> Table:
    days = run.histories[0].table.shape[0]
    return pyramid_table(run.pyramid("month" if days <= 1100 else "quarter"), say)


def pyramid_table(frame: Any, say: Words, title: str = "by_period") -> Table:
    """Return the pyramid by period."""
    columns = [("when", say("when"), "text"), ("tick", say("tick"), "plain")]
    for name in ("users", "loyal", "die_hard"):
        columns += [(name, say(name), "count"), (f"{name}_low", say("low"), "count")]
        columns += [(f"{name}_high", say("high"), "count")]
    return table_of("periods", say(title), frame, columns)


# How to make it again -----------------------------------------------------------------------------


def handed(run: Any, say: Words) -> list[str]:
    """Return what code cannot hold and must be handed over again."""
    found = [
        say("handed", part=say(part), digest=digest[:16])
        for part, digest in (getattr(run, "supplied", None) or {}).items()
    ]
    own = [one.name for one in run.scenario.mechanisms]
    if own:
        found.append(say("own_mechanisms", names=", ".join(own)))
    return found


def _recipe(run: Any, say: Words) -> list[Any]:
    scenario = run.scenario
    file = f"{scenario.name}.toml"
    words = f"replicates={run.replicates}, rng={run.key}, engine={run.engine!r}"
    code = (
        "import koubei_sim as kb\n\n"
        f"sc = kb.Scenario.load({file!r})  # the file below\n"
        f"r = kb.run(sc, {words}{parts.handed_words(run.supplied)})\n"
        f"assert r.digest() == {run.digest()!r}\n"
        "print(r.summary())"
    )
    command = (
        f"koubei run {parts.quoted(file)} --replicates {run.replicates} --rng {run.key} "
        f"--engine {run.engine} --out again"
    )
    return [
        Listing("code", say("code"), code),
        Listing("command", say("command"), command),
        parts.versions(say, {"key": run.key, "replicates": run.replicates, "engine": run.engine,
                       "digest": run.digest()}),
        parts.scenario_file(scenario, say),
    ]  # fmt: skip
