"""What ``koubei verify`` says and writes: the list, verdict tables, an overview, files.

Called by the command; `write` also by the script that draws the figures of docs/verification.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import verification
from koubei_sim.cli import screen
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import whole_file
from verification.verdict import KEY, Check, Replication

FINE, FAILED = 0, 1


def verify(
    name: str | None,
    *,
    everything: bool,
    full: bool,
    rng: int | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Run one, all, or list them; exit status 1 where a check should hold and does not."""
    if name is not None and everything:
        raise KoubeiError("verify", "a name and --all", got=name, fix="one of the two")
    if name is None and not everything:
        if out is not None or full or rng is not None:
            raise KoubeiError("verify", "nothing named", fix="a NAME or --all")
        return _list(as_json)
    names = verification.NAMES if everything else (str(name),)
    for one in names:
        verification.entry(one)  # a misspelt name is refused before anything runs
    if out is not None:
        _folder(out)
    key = KEY if rng is None else rng
    found = []
    with screen.progress("verifying", quiet=as_json or len(names) == 1) as tell:
        for done, one in enumerate(names):
            found.append(verification.replicate(one, "full" if full else "quick", key))
            if tell is not None:
                tell(done + 1, len(names))
            if out is not None:
                write(found[-1], out)
    if as_json:
        screen.write_json({"replications": [one.to_dict() for one in found], **_totals(found)})
    else:
        for made in found:
            _print_table(made)
        if len(found) > 1:
            print(overview(found))
        if out is not None:
            print(f"written to {out}")
    return FAILED if any(one.failures for one in found) else FINE


def _list(as_json: bool) -> int:
    if as_json:
        screen.write_json({name: entry.what for name, entry in verification.REPLICATIONS.items()})
        return FINE
    rows = [[name, entry.what] for name, entry in verification.REPLICATIONS.items()]
    print(screen.table(["replication", "what it makes again"], rows, left=2))
    print("koubei verify NAME runs one, --all runs all, --full with smaller errors")
    return FINE


def _totals(found: list[Replication]) -> dict[str, Any]:
    totals: dict[str, int] = {}
    for one in found:
        for word, count in one.counts().items():
            totals[word] = totals.get(word, 0) + count
    failures = {one.name: [row.what for row in one.failures] for one in found if one.failures}
    return {"checks": totals, "failures": failures, "seconds": sum(one.seconds for one in found)}


def shown(value: Any) -> str:
    """Return a number in few signs, words as they are.

    Examples
    --------
    >>> shown(0.123456), shown(1234.5), shown(100.0), shown("falls"), shown(None), shown(5.1e-06)
    ('0.1235', '1,234', '100', 'falls', '', '5.1e-06')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    number = float(value)
    if number != number:
        return "-"
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"


_MARKS = {"reproduced": "yes", "not reproduced": "NO", "not run (data absent)": "absent"}


def _how(row: Check) -> str:
    """The verdict in a word: yes, NO, no (known), absent, or nothing for a bare figure."""
    word = _MARKS.get(row.verdict, "")
    return "no*" if word == "NO" and row.known else word


def _error(row: Check) -> str:
    if row.z is not None:
        return f"z {row.z:+.1f}"
    if row.by == "band":
        return f"+-{shown(row.allowed)}"
    return row.by


def _print_table(one: Replication) -> None:
    """Print one verdict table, at most 80 columns wide."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=screen.WIDTH, highlight=False, markup=False)
    console.print(Text(f"{one.name}: {one.title}", style="bold"))
    console.print(f"source: {one.source}")
    # Numbers stand in columns; orderings in words may be long and are folded.
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, width=screen.WIDTH)
    table.add_column("check", ratio=5, overflow="fold")
    table.add_column("expected", ratio=2, justify="right", overflow="fold")
    table.add_column("found", ratio=2, justify="right", overflow="fold")
    table.add_column("error", width=9, justify="right", no_wrap=True)
    table.add_column("by", width=2)
    table.add_column("ok", width=6)
    styles = {"NO": "bold red", "yes": "green", "no*": "yellow"}
    for row in one.rows:
        word = _how(row)
        table.add_row(
            row.what,
            shown(row.expected),
            shown(row.found),
            _error(row),
            row.provenance,
            Text(word, style=styles.get(word, "")),
        )
    console.print(table)
    for row in one.rows:
        if row.note and (row.verdict == "not reproduced" or _how(row) == "absent"):
            console.print(f"{'*' if row.known else '-'} {row.what}: {row.note}")
    counts = ", ".join(f"{count} {word}" for word, count in one.counts().items() if count)
    console.print(Text(f"{one.verdict}: {counts}; {one.seconds:.1f} s\n", style="bold"))


def overview(found: list[Replication]) -> str:
    """Return one line a replication and a total."""
    rows = []
    for one in found:
        counts = one.counts()
        rows.append(
            [
                one.name,
                str(counts["reproduced"]),
                str(sum(row.verdict == "not reproduced" and row.known for row in one.rows)),
                str(len(one.failures)),
                str(counts["not run (data absent)"]),
                f"{one.seconds:.1f}",
                one.verdict,
            ]
        )
    seconds = sum(one.seconds for one in found)
    failed = sum(bool(one.failures) for one in found)
    head = ["replication", "yes", "no*", "NO", "absent", "s", "verdict"]
    end = f"{len(found) - failed} of {len(found)} replications hold; {seconds:.0f} s"
    return screen.table(head, rows) + f"\n* known and explained\n{end}"


# Files ----------------------------------------------------------------------------------------


def _folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KoubeiError(str(out), f"cannot be written ({error.strerror or error})") from None


def write(one: Replication, out: Path) -> list[Path]:
    """Write the table (CSV) and the figure (PNG) of a replication into a folder, each whole."""
    from koubei_sim.plots.files import write_figure

    table = out / f"{one.name}.csv"
    with whole_file(table) as file:
        one.table().to_csv(file, index=False, lineterminator="\n")
    written = [table]
    if one.draw is not None:
        figure = table.with_suffix(".png")
        written.append(write_figure(figure, lambda ax, _: one.figure(ax)))
    return written
