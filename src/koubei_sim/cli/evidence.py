"""The commands ``koubei hazard`` and ``koubei judge``: what a record of adoption says.

A record is a named data set (korea, medical, microfinance) or two files: who is tied to whom, and
a table of people with the time at which each adopted.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim.cli import screen
from koubei_sim.cli.options import FINE, AsJson, Rng, app
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.evidence import Diffusion, Judgement

#: What the library advises -> what it is called here.
OPTIONS = {"strangers='drop'": "--strangers drop", "period=1.0": "--period 1.0"}

Given = Annotated[
    str,
    typer.Argument(metavar="EDGES|STUDY", help="File of ties; or korea, medical, microfinance."),
]
People = Annotated[
    Path | None, typer.Argument(metavar="[PEOPLE]", help="CSV or parquet table, a row a person.")
]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Names of people.")]
Time = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Period of adoption, an empty cell for never."),
]
GroupColumn = Annotated[
    str | None, typer.Option("--groups", metavar="COLUMN", help="Village, city, ...")
]
Until = Annotated[
    str | None, typer.Option(metavar="PERIOD|COLUMN", help="Last period in which each was watched.")
]
Censored = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Yes or no: had not adopted when last seen.")
]
Entered = Annotated[str | None, typer.Option(metavar="PERIOD|COLUMN", help="First period at risk.")]
Start = Annotated[int | None, typer.Option(metavar="PERIOD", help="First period of the record.")]
SeedColumn = Annotated[
    str | None, typer.Option("--seeds", metavar="COLUMN", help="Yes or no: adopted from outside.")
]
Covariates = Annotated[
    str | None, typer.Option(metavar="COLUMN,..", help="Columns that a formula may name.")
]
Direction = Annotated[
    str | None,
    typer.Option(help="What a line A B says: names (A named B), tells (A reaches B), mutual."),
]
Ends = Annotated[
    str | None, typer.Option("--ends", metavar="A,B", help="Columns of the two ends of a tie.")
]
Strangers = Annotated[str, typer.Option(help="Ties of people without a row: refuse, or drop.")]
PeriodWidth = Annotated[
    float | None, typer.Option("--period", help="Length of a period, where times are not whole.")
]
Link = Annotated[str, typer.Option(help="additive, cloglog, logit or probit.")]
Prior = Annotated[
    float, typer.Option("--prior", help="Adoptions by which each period is pulled to the mean.")
]


def record_of(given: str, people: Path | None, options: dict[str, Any]) -> Diffusion:
    """Return the record that the words of a command mean."""
    from koubei_sim.evidence import read_diffusion, study
    from koubei_sim.evidence.data_sets import STUDIES

    asked = {name: value for name, value in options.items() if value is not None}
    if people is None:
        if given not in STUDIES:
            known = ", ".join(STUDIES)
            raise KoubeiError("PEOPLE", "no table of people beside the ties", got=given,
                              allowed=f"a file, or one of the studies {known}",
                              fix=nearest(given, STUDIES))  # fmt: skip
        asked.pop("strangers", None)
        if asked:
            name = next(iter(asked))
            raise KoubeiError(f"--{name}", "not of a named study", got=given)
        return study(given)
    ends = asked.pop("ends", None)
    if ends is not None:
        columns = [one.strip() for one in ends.split(",")]
        if len(columns) != 2:
            raise KoubeiError("--ends", "not two columns", got=ends, fix="--ends from,to")
        asked["source"], asked["target"] = columns
    for name in ("until", "entered"):
        if name in asked:
            asked[name] = _number(asked[name])
    try:
        return read_diffusion(given, people, **asked)
    except KoubeiError as error:
        if error.where in asked or error.where in ("id", "time", "until"):
            raise error.within("--") from None
        if error.fix in OPTIONS:
            said = OPTIONS[error.fix]
            raise KoubeiError(error.where, error.what, got=error.got, fix=said) from None
        raise


def _in_table(error: KoubeiError, people: Path | None) -> KoubeiError:
    """Return what is wrong with a formula; a column of the table that was not asked for is said."""
    from koubei_sim.model.world.population import as_table

    if people is None or (error.where, error.what) != ("formula", "unknown term"):
        return error
    if str(error.got) not in as_table(people).columns:
        return error
    return KoubeiError("formula", "a column that is not read", got=error.got,
                       allowed="columns named by --covariates")  # fmt: skip


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


@app.command()
def hazard(
    given: Given,
    people: People = None,
    formula: Annotated[
        str, typer.Option(help="What may move adoption: terms with + between.")
    ] = "calendar + crowd + degree + ties(share)",
    id: Id = None,
    time: Time = None,
    groups: GroupColumn = None,
    until: Until = None,
    censored: Censored = None,
    entered: Entered = None,
    start: Start = None,
    seeds: SeedColumn = None,
    covariates: Covariates = None,
    direction: Direction = None,
    ends: Ends = None,
    strangers: Strangers = "refuse",
    period: PeriodWidth = None,
    link: Link = "additive",
    prior: Prior = 0.1,
    calendar: Annotated[
        bool, typer.Option("--calendar", help="Show the hazard of each period too.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="CSV file of the table.")] = None,
    as_json: AsJson = False,
) -> int:
    """Estimate what moved adoption, from ties and times of real people."""
    _writable(out)
    d = record_of(given, people, {
        "id": id, "time": time, "groups": groups, "until": until, "censored": censored,
        "entered": entered, "start": start, "seeds": seeds, "covariates": covariates,
        "direction": direction, "ends": ends, "strangers": strangers, "period": period,
    })  # fmt: skip
    from koubei_sim import evidence

    try:
        fit = evidence.hazard(d, formula, link=link, priors=evidence.Priors(prior))
    except KoubeiError as error:
        raise _in_table(error, people) from None
    table = fit.table(calendar=calendar)
    _write(table, out)
    if as_json:
        screen.write_json({
            "record": repr(d), "notes": d.network.notes.get("people", ""), "formula": fit.formula,
            "link": link, "loglik": fit.loglik, "rows": fit.rows.adopted.size,
            "adoptions": int(fit.rows.adopted.sum()),
            "terms": table.reset_index().to_dict("records"),
        })  # fmt: skip
        return FINE
    print("\n".join([*_head(d), *textwrap.wrap(repr(fit), 79), ""]))
    cells = [[str(name), *(_three(row[k]) for k in ("estimate", "error")),
              screen.span(row.low, row.high, _three), _p(row.p), _three(row.ratio)]
             for name, row in table.iterrows()]  # fmt: skip
    print(screen.table(["term", "estimate", "error", "95 %", "p", "ratio"], cells))
    return FINE


@app.command()
def judge(
    given: Given,
    people: People = None,
    formula: Annotated[
        list[str] | None,
        typer.Option(help="Terms with + between (may be repeated); a few usual ones without it."),
    ] = None,
    folds: Annotated[
        str | None,
        typer.Option(help="Held out: groups, a number of parts, or future; groups if there are."),
    ] = None,
    since: Annotated[int | None, typer.Option(help="First period of the future.")] = None,
    controls: Annotated[
        str | None,
        typer.Option(metavar="NAME,..", help="rewired, times shuffled, contacts; or all."),
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of each control.")] = 200,
    power: Annotated[
        str | None,
        typer.Option(metavar="VALUE,..", help="Also: how often ties of that weight would show."),
    ] = None,
    worlds: Annotated[int, typer.Option(help="Worlds for each curve, and for --power.")] = 200,
    id: Id = None,
    time: Time = None,
    groups: GroupColumn = None,
    until: Until = None,
    censored: Censored = None,
    entered: Entered = None,
    start: Start = None,
    seeds: SeedColumn = None,
    covariates: Covariates = None,
    direction: Direction = None,
    ends: Ends = None,
    strangers: Strangers = "refuse",
    period: PeriodWidth = None,
    link: Link = "additive",
    prior: Prior = 0.1,
    rng: Rng = None,
    out: Annotated[Path | None, typer.Option(help="CSV file of the table.")] = None,
    as_json: AsJson = False,
) -> int:
    """Judge estimates on held-out groups or periods, beside plain rivals and controls."""
    _writable(out)
    d = record_of(given, people, {
        "id": id, "time": time, "groups": groups, "until": until, "censored": censored,
        "entered": entered, "start": start, "seeds": seeds, "covariates": covariates,
        "direction": direction, "ends": ends, "strangers": strangers, "period": period,
    })  # fmt: skip
    from koubei_sim import evidence
    from koubei_sim.evidence.controls import CONTROLS

    formulas = formula or usual(d)
    held: Any = folds or ("groups" if len(d.groups) > 1 else "5")
    held = _number(held)
    asked = () if controls is None else CONTROLS if controls == "all" else [
        one.strip() for one in controls.split(",")
    ]  # fmt: skip
    priors = evidence.Priors(prior)
    with screen.progress("judging", quiet=as_json):
        try:
            found = evidence.judge(
                d, formulas, held, controls=asked, draws=draws, rng=rng, since=since,
                worlds=worlds, link=link, priors=priors,
            )  # fmt: skip
        except KoubeiError as error:
            raise _in_table(error, people) from None
        shown = None
        if power is not None:
            values = [float(one) for one in _numbers("--power", power)]
            shown = evidence.power(d, formulas[-1], values=values, worlds=worlds, rng=found.key,
                                   link=link).table()  # fmt: skip
    table, tested = found.table(), found.controls()
    _write(table, out)
    if as_json:
        screen.write_json({
            "record": repr(d), "notes": d.network.notes.get("people", ""), "folds": found.folds,
            "base": found.base, "key": found.key, "table": table.reset_index().to_dict("records"),
            "controls": tested.reset_index().to_dict("records"),
            "power": None if shown is None else shown.reset_index().to_dict("records"),
        })  # fmt: skip
        return FINE
    print(report(d, found, table, tested, shown, formulas[-1]))
    return FINE


def usual(d: Diffusion) -> list[str]:
    """Return the formulas that are judged where none is given."""
    more = " + covariates" if d.covariates else ""
    crowd = "" if len(d.groups) < 2 else "crowd + "
    plain = ["calendar + ties(share)"]
    if more:
        plain.append("calendar + covariates + ties(share)")
    plain.append(f"calendar + degree(side=naming){more} + ties(share)")
    if crowd:
        plain.append(f"calendar + {crowd}degree(side=naming){more} + ties(share)")
    return plain


def _numbers(where: str, text: str) -> list[float]:
    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise KoubeiError(where, "not numbers", got=text, fix=f"{where} 0.1,0.25") from None


# Words ------------------------------------------------------------------------------------------


def report(
    d: Diffusion, found: Judgement, table: pd.DataFrame, tested: pd.DataFrame,
    shown: pd.DataFrame | None, last: str,
) -> str:  # fmt: skip
    """Return the record, who gained most, ties under controls, and power, 80 columns wide."""
    lines = [*_head(d), *textwrap.wrap(repr(found), 79), f"key {found.key}", ""]
    head = ["", f"over {found.base}", "95 %", "AUC", "slope", "curve", "in band"]
    letters = {name: chr(ord("A") + k) for k, name in enumerate(
        name for name in table.index if len(str(name)) > 16)}  # fmt: skip
    rows = []
    for name, row in table.iterrows():
        rows.append([
            letters.get(name, str(name)), _three(row.gain), screen.span(row.low, row.high, _three),
            _two(row.auc), _two(row.slope), _three(row.curve_error), _two(row.coverage),
        ])  # fmt: skip
    lines.append(screen.table(head, rows))
    lines += ["", *(textwrap.fill(f"{letter}: {name}", 79) for name, letter in letters.items())]
    lines += [
        "",
        "nats a person held out; AUC: who is next within group and period; curve: mean",
        "distance of the share adopted; in band: share of periods in a 90 % band",
    ]
    added = [(name, row) for name, row in table.iterrows() if name in found.bare]
    if added:
        lines += ["", "what ties add to the same formula without them, held out:"]
        spans = [screen.span(row.ties_low, row.ties_high, _three) for _, row in added]
        rows = [
            [letters.get(name, str(name)), _three(row.ties_add), span]
            for (name, row), span in zip(added, spans)
        ]
        lines.append(screen.table(["", "ties add", "95 %"], rows))
    if len(tested):
        rows = []
        for one in tested.reset_index().to_dict("records"):
            left = "-" if one["left"] != one["left"] else f"{one['left']:.0%}"
            rows.append([
                letters.get(one["formula"], one["formula"]), one["control"], _three(one["ties"]),
                _three(one["ties_control"]), left, _p(one["p"]), _three(one["gain_control"]),
            ])  # fmt: skip
        lines += [
            "",
            "ties under controls (the weight, its mean in the draws, what is left of it):",
        ]
        lines.append(screen.table(["", "control", "ties", "drawn", "left", "p", "gain"], rows, 2))
    if shown is not None:
        rows = []
        for value, row in shown.iterrows():
            span = screen.span(row.power_low, row.power_high, lambda share: f"{share:.0%}")
            rows.append([f"{value:g}", f"{row.power:.0%}", span, _three(row.width)])
        asked = f"how often ties of that weight would show (p < .05), {last}:"
        lines += ["", *textwrap.wrap(asked, 79)]
        lines.append(screen.table(["ties", "power", "95 %", "width"], rows))
    return "\n".join(lines)


def _head(d: Diffusion) -> list[str]:
    said = d.network.notes.get("people", "")
    return [screen.cut(repr(d), 79), *(textwrap.wrap(f"note: {said}", 79) if said else [])]


def _three(value: float) -> str:
    return "-" if value != value else f"{round(value, 3) + 0.0:.3f}"


def _two(value: float) -> str:
    return "-" if value != value else f"{round(value, 2) + 0.0:.2f}"


def _p(value: float) -> str:
    return "-" if value != value else f"{value:.3g}"


def _writable(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix != ".csv":
        raise KoubeiError("--out", "unknown kind", got=out.name, allowed=".csv",
                          fix=f"{out.stem}.csv")  # fmt: skip
    if not out.parent.is_dir():
        raise KoubeiError(str(out), "its folder does not exist", got=str(out.parent))


def _write(table: pd.DataFrame, out: Path | None) -> None:
    if out is not None:
        with whole_file(out) as file:
            table.to_csv(file, lineterminator="\n")
