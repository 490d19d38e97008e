"""The command ``report``: what was saved, as one HTML file to open offline, or as a workbook."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from koubei_sim import storage
from koubei_sim.checks import path_of
from koubei_sim.cli import screen
from koubei_sim.cli.options import FINE, AsJson, Lang, Language, app
from koubei_sim.errors import KoubeiError

#: Folder in which claims are looked for by their names.
_CLAIMS = Path("experiments")


@app.command()
def report(
    saved: Annotated[
        list[str],
        typer.Argument(
            metavar="SAVED...",
            help="Folder of a run, comparison, sweep, cascade or claim; or a plan file; or runs.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="HTML file to write.")
    ] = None,
    excel: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Workbook (.xlsx) to write as well.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="NAME", help="What scenarios are compared with.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Journal of a plan file's runs.")
    ] = None,
    lang: Language = Lang.en,
    as_json: AsJson = False,
) -> int:
    """Write a report of what was saved: one HTML file that opens without a network."""
    goal = path_of("--out", out or f"{Path(saved[0]).resolve().stem}.html", ".html")
    excel = None if excel is None else path_of("--excel", excel, ".xlsx")
    folders = {file.parent for file in (goal, excel) if file is not None}
    made = [folder for folder in sorted(folders) if not folder.exists()]
    found = _opened(saved, baseline, journal, as_json)
    written = [found.to_html(goal, lang=lang.value, title=title)]
    if excel is not None:
        written.append(found.to_excel(excel, lang=lang.value))
    if as_json:
        screen.write_json({"written": [str(path) for path in written]})
        return FINE
    for folder in made:
        print(f"made     {folder} (there was no such folder)")
    for path in written:
        print(f"written  {path} ({path.stat().st_size / 1000:,.0f} kB)")
    return FINE


def _opened(saved: list[str], baseline: str | None, journal: Path | None, quiet: bool) -> Any:
    """Return what has a page."""
    if len(saved) > 1:
        return _side_by_side(saved, baseline)
    word, place = saved[0], Path(saved[0]).expanduser()
    if place.is_file() and place.suffix == ".toml" and _is_plan(place):
        return _plan(place, journal, quiet)
    if journal is not None:
        raise KoubeiError("--journal", "only for plan files", got=word, fix="leave it away")
    if not place.exists() and (_CLAIMS / word / "verdict.json").is_file():
        place = _CLAIMS / word
    folder = place.parent if place.is_file() else place
    if folder.is_dir():
        from koubei_sim.studies.compare.stored import is_comparison, open_comparison

        if is_comparison(folder):
            return open_comparison(folder, baseline)
        if (folder / "claim.toml").is_file() or (folder / "verdict.json").is_file():
            from koubei_sim.studies.claims.report import paged

            return paged(folder)
    if baseline is not None:
        raise KoubeiError("--baseline", "only for comparisons", got=word, fix="leave it away")
    from koubei_sim.loading import load

    found = load(place if place.exists() else word)
    if not hasattr(found, "to_html"):
        raise KoubeiError(
            word, "a scenario, which was not run yet", fix=f"koubei run {word} --out FOLDER"
        )
    return found


def _side_by_side(saved: list[str], baseline: str | None) -> Any:
    """Return the comparison of runs that were saved."""
    from koubei_sim.runs.loading import load_result
    from koubei_sim.studies import compare
    from koubei_sim.studies.sweep.journal import is_journal

    wrong = next((word for word in saved if not storage.is_result(word)), None)
    if wrong is not None:
        fix = f"koubei run {wrong} --out FOLDER"
        if is_journal(Path(wrong).expanduser()):
            fix = f"koubei report {wrong}, without the others"
        raise KoubeiError(
            "report", "several are compared, which must be saved runs", got=wrong, fix=fix
        )
    runs: dict[str, Any] = {}
    for word in saved:
        name = Path(word).resolve().name
        if name in runs:
            raise KoubeiError("report", "two have the same name", got=name)
        runs[name] = load_result(word)
    return compare(runs, baseline=baseline)


def _is_plan(place: Path) -> bool:
    try:
        content = tomllib.loads(place.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return False
    return "designs" in content or "levers" in content


def _plan(place: Path, journal: Path | None, quiet: bool) -> Any:
    """Return a plan whose runs are in a journal; what is missing there is run."""
    from koubei_sim import studies

    if journal is None or not journal.is_dir():
        raise KoubeiError(
            "--journal", "the folder with the runs of the plan is needed",
            got="none" if journal is None else str(journal),
            fix=f"koubei plan {place} --out FOLDER, then --journal FOLDER",
        )  # fmt: skip
    return studies.plan(**studies.read_plan(place), out=journal, progress=screen.loud(quiet))
