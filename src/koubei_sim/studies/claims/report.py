"""Writing verdicts down: ``verdict.json``, ``results.csv``, the README's block, the table of all.

The files are made of the verdict alone, without dates or times, so that the same claim gives the
same bytes.  They are written whole (temporary name, rename).  Called by people and by
``koubei claim`` and ``koubei claims``.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from koubei_sim.errors import KoubeiError
from koubei_sim.reports.door import Paged
from koubei_sim.storage import whole_file
from koubei_sim.studies.claims.claim_file import FILE, read_claim
from koubei_sim.studies.claims.effects import MOST_WORLDS
from koubei_sim.studies.claims.judge import Verdict, check_quick, stale
from koubei_sim.studies.claims.page import page_of
from koubei_sim.studies.claims.plain import plain_of

BEGIN: Final = "<!-- verdict -->"
END: Final = "<!-- /verdict -->"
VERDICT: Final = "verdict.json"
RESULTS: Final = "results.csv"
_COLUMNS: Final = (
    "id", "main", "statement", "model", "outcome", "effect", "better", "smallest", "verdict", "by",
    "confirmed", "share", "share_low", "share_high", "worlds", "more", "drawn", "replicates",
    "effect_median", "effect_q05", "effect_q95", "effect_mean", "mean_low", "mean_high", "gain",
    "noise",
)  # fmt: skip
_INTERVAL: Final = ("effect", "low", "high")
_WORDS: Final = {
    "supported": "**supported**",
    "rejected": "**rejected**",
    "differs": "**differs**",
    "wired": "**wired** (holds in the null model too)",
    "undecided": "**undecided**",
    "absent": "not run (data absent)",
}


def write_verdict(found: Verdict) -> list[Path]:
    """Write the verdict into the folder of its claim: JSON, table, the block of the README.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    KoubeiError
        For a quick run, whose verdict is none.
    """
    check_quick(found.content)
    folder = found.claim.folder
    text = json.dumps(plain_of(found.content), indent=1, ensure_ascii=False) + "\n"
    written = [_write(folder / VERDICT, text)]
    if not found.claim.script:  # a script writes tables and figure of its own
        written.append(_write(folder / RESULTS, _csv(found.content)))
    readme = folder / "README.md"
    if readme.is_file():
        written.append(_write(readme, _with_block(readme, block(plain_of(found.content)))))
    return written


def read_verdict(folder: str | Path) -> dict[str, Any] | None:
    """Return the stored verdict of a claim's folder, None where there is none yet."""
    path = Path(folder) / VERDICT
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KoubeiError(
            str(path), f"cannot be read ({error})", fix=f"koubei claim {path.parent}"
        ) from None
    if not isinstance(found, dict) or "verdict" not in found or "tests" not in found:
        raise KoubeiError(str(path), "is no verdict", fix=f"koubei claim {path.parent}")
    return found


def paged(folder: str | Path) -> Paged:
    """Return the page of the verdict that a claim's folder holds: `to_html`, `to_excel`.

    Raises
    ------
    KoubeiError
        Where there is no verdict yet.
    """
    content = read_verdict(folder)
    if content is None:
        raise KoubeiError(str(folder), "no verdict yet", fix=f"koubei claim {folder}")
    return Paged(lambda lang: page_of(content, Path(folder), lang))


def verdicts(folder: str | Path = "experiments") -> list[dict[str, Any]]:
    """Return one entry for each claim of a folder, in order of their numbers.

    Returns
    -------
    list of dict
        ``id, title, verdict`` and, of the main test, ``share, share_low, share_high, worlds,
        effect, low, high, by, more, strata, confirmed``; ``state`` is ``fresh``, ``stale`` (the
        claim file has changed since) or ``not run``.

    Raises
    ------
    KoubeiError
        Where the folder holds no claim.
    """
    top = Path(folder)
    places = sorted(top.glob(f"*/{FILE}"), key=lambda path: _order(path.parent.name))
    if not places:
        raise KoubeiError(str(folder), f"holds no claim (a folder with {FILE})")
    rows = []
    for path in places:
        asked = read_claim(path.parent)
        stored = read_verdict(path.parent)
        row: dict[str, Any] = {"id": asked.id, "title": asked.title, "folder": path.parent.name}
        if stored is None:
            rows.append({**row, "verdict": "", "state": "not run"})
            continue
        main = next((t for t in stored["tests"] if t.get("main")), stored["tests"][0])
        rows.append(
            {
                **row,
                "verdict": stored["verdict"],
                "state": "stale" if stale(stored, asked) else "fresh",
                "statement": main.get("statement", ""),
                "share": main.get("share"),
                "share_low": main.get("share_low"),
                "share_high": main.get("share_high"),
                "worlds": main.get("worlds"),
                "effect": size(main, "effect_median"),
                "low": size(main, "effect_q05"),
                "high": size(main, "effect_q95"),
                "by": main.get("by", ""),
                "more": main.get("more"),
                "strata": main.get("strata"),
                "confirmed": main.get("confirmed"),
                "note": main.get("note", ""),
            }
        )
    return rows


def write_overview(folder: str | Path = "experiments") -> Path:
    """Write the table of all verdicts between the marks of ``README.md`` of the folder."""
    path = Path(folder) / "README.md"
    lines = [
        "| claim | question | verdict | worlds in which it holds | effect, median (5 .. 95 %) "
        "| takes off in both / only claimed / only other / neither | second key |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in verdicts(folder):
        verdict = said(row) if row["verdict"] else "not run yet"
        if row["state"] == "stale":
            verdict += " (of an older claim file)"
        cells = [f"[{row['id']}]({row['folder']}/)", row["title"], verdict]
        if row.get("share") is not None:
            cells.append(
                f"{percent(row['share'])} ({percent(row['share_low'])} .. "
                f"{percent(row['share_high'])}) of {row['worlds']}"
            )
        else:
            cells.append(row.get("note") or "")
        cells.append(f"{row['effect']} ({row['low']} .. {row['high']})" if row.get("low") else "")
        cells += [_shares(row.get("strata")), _agrees(row.get("confirmed"))]
        lines.append("| " + " | ".join(cells) + " |")
    return _write(path, _with_block(path, "\n".join(lines)))


def _shares(strata: Mapping[str, Any] | None) -> str:
    return " / ".join(percent(share) for share, _, _ in strata.values()) if strata else ""


def _agrees(confirmed: bool | None) -> str:
    return "" if confirmed is None else "agrees" if confirmed else "**does not agree**"


# Words -------------------------------------------------------------------------------------------


def percent(value: float | None) -> str:
    """Return a share as per cent.

    Examples
    --------
    >>> percent(0.934), percent(None)
    ('93 %', '')
    """
    if value is None or not math.isfinite(value):
        return ""
    return f"{100.0 * value:.0f} %"


def size(row: Mapping[str, Any], name: str) -> str:
    """Return an effect as people read it: a ratio as per cent, a difference as it is.

    Examples
    --------
    >>> size({"effect": "ratio", "x": 0.123}, "x"), size({"effect": "difference", "x": -3.21}, "x")
    ('+12 %', '-3.21')
    """
    value = row.get(name)
    if value is None or not math.isfinite(value):
        return ""
    if row.get("effect") != "ratio":
        return f"{value:+.3g}"
    if value >= 9.995:  # more than ten times: a factor reads better
        return f"x {1.0 + value:.3g}"
    return f"{100.0 * value:+.{0 if abs(value) >= 0.0995 else 1}f} %"


def said(row: Mapping[str, Any]) -> str:
    """Return a verdict in words: by what it differs, or how many worlds would decide it.

    Examples
    --------
    >>> said({"verdict": "differs", "by": "newbie_margin"})
    '**differs** by `newbie_margin`'
    """
    verdict = str(row["verdict"])
    words = _WORDS.get(verdict, f"**{verdict}**")
    if verdict == "differs":
        return f"{words} by `{row['by']}`" if row.get("by") else f"{words}, by nothing we know"
    if verdict == "undecided" and row.get("more"):
        more = int(row["more"])
        return f"{words} ({'many' if more >= MOST_WORLDS else more} more worlds)"
    return words


def block(content: Mapping[str, Any]) -> str:
    """Return a verdict as Markdown: the tests, what tells worlds apart, the ladder, the sizes."""
    if "markdown" in content:
        return str(content["markdown"])
    rows = content["tests"]
    main = next(row for row in rows if row["main"])
    lines = [
        f"Verdict: {said({**main, 'verdict': content['verdict']})}.",
        "",
        "| test | verdict | holds in | effect, median (5 .. 95 %) | matters from | by luck alone "
        "| takes off in both / only claimed / only other / neither | gain of pairing |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(row) for row in rows]
    lines += ["", *_notes(content, main)]
    return "\n".join(lines)


def _holds(row: Mapping[str, Any]) -> str:
    if row.get("share") is None:
        return "no world counts"
    return (
        f"{percent(row['share'])} ({percent(row['share_low'])} .. {percent(row['share_high'])}) "
        f"of {row['worlds']}"
    )


def _row(row: Mapping[str, Any]) -> str:
    name = f"**{row['statement']}**" if row["main"] else row["statement"]
    what = "" if row["model"] == "pyramid" else f", {row['model']} model"
    first = f"{name} (`{row['outcome']}`{what})"
    if row["verdict"] == "absent":
        return f"| {first} | {row['why']} | | | | | | |"
    smallest = size({**row, "x": row["smallest"]}, "x")
    effect = (
        f"{size(row, 'effect_median')} ({size(row, 'effect_q05')} .. {size(row, 'effect_q95')})"
    )
    gain = math.nan if row["gain"] is None else float(row["gain"])
    shown = "" if math.isnan(gain) else f"{gain:.3g}" if gain < 1e6 else "exact"
    luck = ""
    if row.get("placebo_worlds"):
        level, low, high = row["placebo"]
        luck = f"{percent(level)} ({percent(low)} .. {percent(high)})"
    return (
        f"| {first} | {said(row)} | {_holds(row)} | {effect} | {smallest} | {luck} "
        f"| {_shares(row.get('strata'))} | {shown} |"
    )


def _notes(content: Mapping[str, Any], main: Mapping[str, Any]) -> list[str]:
    lines = []
    if "worlds" in main:
        taken = content.get("given") == "take_off"
        why = " (both arms take off in some pair)" if taken else ""
        noise = main.get("noise")
        luck = "" if noise is None else f", luck is {percent(noise)} of the variance of effects"
        lines.append(
            f"Worlds drawn for the main test: {main['drawn']} (and {main['refused']} that cannot "
            f"be), {main['replicates']} replicates each{luck}; of these {main['worlds']} "
            f"count{why}. Runs: {content['runs']:,}, failed: {content['failed']}."
        )
        if main.get("take_off_gain"):
            gain, low, high = main["take_off_gain"]
            lines.append(
                f"Chance of take-off, claimed arm against the best other: {100 * gain:+.0f} points "
                f"({100 * low:+.0f} .. {100 * high:+.0f})."
            )
    for phase, words in (
        ("second", "On the second key it holds in"),
        ("null", "In the null model, where it should not, it holds in"),
        ("posterior", "In worlds of the calibrated ensemble it holds in"),
    ):
        if phase in main and "share" in main[phase]:
            found, kinds = main[phase], ""
            if found.get("strata"):
                kinds = "; take-off in both / only claimed / only other / neither " + _shares(
                    found["strata"]
                )
            lines.append(f"{words} {_holds(found)}: {said(found)}{kinds}.")
    if main.get("pooled"):
        share, low, high, worlds = main["pooled"]
        lines.append(
            f"Both keys together: {percent(share)} ({percent(low)} .. {percent(high)}) of {worlds}."
        )
    if main.get("confirmed") is False:
        lines.append("**The second key does not agree with the first**; both are judged together.")
    for row in content["tests"]:
        if "interaction" in row:
            contrast, low, high = row["interaction"]["contrast"]
            arms = row["interaction"]["arms"]
            chances = [f"{share:.2f}" for share in row["interaction"]["take_off"]]
            lines.append(
                f"Interaction on the chance of take-off: {arms[0]} {chances[0]}, {arms[1]} "
                f"{chances[1]}; {arms[2]} {chances[2]}, {arms[3]} {chances[3]}; contrast "
                f"{contrast:+.2f} ({low:+.2f} .. {high:+.2f})."
            )
    if main.get("tree"):
        lines += ["", "What tells apart the worlds in which the main test holds:", "", "```",
                  *str(main["tree"]).splitlines(), "```"]  # fmt: skip
    for row in content["tests"]:
        for split in row.get("splits", ()):
            lines.append(
                f"- *{row['statement']}* hangs on `{split['path']}`: it holds in "
                f"{percent(split['below'])} of worlds below {split['at']:.3g}, in "
                f"{percent(split['above'])} above (p = {split['p']:.1g} after Holm)."
            )
    if content["ladder"]:
        lines += ["", *_ladder(content["ladder"], main)]
    if content["stability"]:
        lines += ["", "| people | holds in | effect, median | takes off in both / only claimed / "
                  "only other / neither |", "|---|---|---|---|"]  # fmt: skip
        for row in content["stability"]:
            lines.append(
                f"| {row['agents']:,} ({row['drawn']} worlds) | {_holds(row)} "
                f"| {size({**main, **row}, 'effect_median')} | {_shares(row.get('strata'))} |"
            )
    return lines


def _of(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"x": row[name]}


def _ladder(rows: Sequence[Mapping[str, Any]], main: Mapping[str, Any]) -> list[str]:
    lines = [
        "| mechanism switched off | effect without it (95 %) | what it adds, paired (95 %) "
        "| with all above off too |",
        "|---|---|---|---|",
    ]
    for row in rows:
        cells = [size({**main, **_of(row, name)}, "x") for name in _INTERVAL]
        rung = size({**main, **_of(row, "rung")}, "x") if "rung" in row else ""
        adds = _adds(row, main) if "lost" in row else ""
        lines.append(
            f"| {row['module']} | {cells[0]} ({cells[1]} .. {cells[2]}) | {adds} | {rung} |"
        )
    return lines


def _adds(row: Mapping[str, Any], main: Mapping[str, Any]) -> str:
    """Return what a mechanism adds to the effect: a factor for ratios, else a difference."""
    values = [row["lost"], row["lost_low"], row["lost_high"]]
    if any(value is None or not math.isfinite(value) for value in values):
        return ""
    if main["effect"] == "ratio":
        mean, low, high = (f"x {math.exp(value):.3g}" for value in values)
    else:
        mean, low, high = (f"{value:+.3g}" for value in values)
    return f"{mean} ({low} .. {high})"


# Files -------------------------------------------------------------------------------------------


def _csv(content: Mapping[str, Any]) -> str:
    names = [name for name in _COLUMNS if any(name in row for row in content["tests"])]
    names += sorted(
        {
            name
            for row in content["tests"]
            for name, value in row.items()
            if name not in _COLUMNS and isinstance(value, (int, float, str))
        }
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in content["tests"]:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _with_block(path: Path, text: str) -> str:
    """Return a file's text with the part between the marks replaced (added where there is none)."""
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    new = f"{BEGIN}\n{text}\n{END}"
    if BEGIN not in old:
        return old.rstrip("\n") + ("\n\n" if old else "") + new + "\n"
    before, _, rest = old.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise KoubeiError(str(path), f"has {BEGIN} without {END}")
    return before + new + after


def _write(path: Path, text: str) -> Path:
    with whole_file(path) as file:
        file.write(text.encode())
    return path


def _order(name: str) -> tuple[str, int, str]:
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    return letters, int(digits) if digits else 0, name
