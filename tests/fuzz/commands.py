"""Command lines that are right, the folder they run in, and what may come of wrong ones."""

# ruff: noqa: E501  # tables of inputs are easier to read a line each

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
from pathlib import Path

import typer
from tests.fuzz.judging import timely

import koubei_sim as kb
from koubei_sim import studies
from koubei_sim.cli import commands, main

LINES = (
    "run mine.toml --rng 1 --replicates 2 --ticks 3 --out out --no-figures",
    "run mine.toml --rng 1 --set seeding.purity=0.3 --set seeding.strategy=degree --json --out out --no-figures",
    "run mine.toml --rng 1 --agents people.csv --set n_agents=6 --set seeding.number=1",
    "run mine.toml --rng 1 --network weibo=ring.txt --engine reference --threads 1",
    "run mine.toml --rng 1 --stream --out out --threads 2 --no-figures",
    "run saved",
    "describe mine.toml --set ticks=3 --lang zh",
    "params mine.toml --search purity",
    "params --json",
    "presets --json",
    "diff mine.toml saved --json",
    "diff tiny xiaomi",
    "info --json",
    "cascade ties.txt --rule independent --p 0.5 --seeds ids:1,2 --replicates 9 --rng 1",
    "cascade names.csv --rule linear-threshold --seeds seeds.txt --replicates 9 --rng 1 --json",
    "cascade ring:9 --rule sir --set beta=0.5 --set gamma=0.5 --seeds 2 --horizon 5 --tick 1 --rng 1 --replicates 3",
    "cascade ties.txt --rule competing --seeds a=ids:1 --seeds b=ids:3 --replicates 3 --rng 1",
    "cascade ties.txt --directed --seeds degree:1 --replicates 3 --record people --record times --out out",
    "cascade ties.txt --seeds 1 --replicates 3 --rng 1 --out out.csv --log log.parquet --threads 1",
    "cascade meetings.txt --contacts --seeds ids:1 --replicates 3 --rng 1 --method contacts",
    "cascade erdos-renyi:50 --until-precision 0.5 --rng 2",
    "seeds names.csv --k 1 --p 0.5 --rng 1 --given ids:anna --out out.csv",
    "seeds names.csv --rng 1 --people who.csv --costs price --budget 3 --among kind=fan --json",
    "seeds ring.txt --k 2 --rule linear-threshold --rng 1 --target 0.5 --figure out.png --directed",
    "verify",
    "sweep sweep.toml --out out --workers 1 --backend threads",
    "sweep kept --retry --json",
    "status kept --json",
    "export kept out.csv",
    "compare mine.toml --change 'purer: seeding.purity=0.9' --set ticks=3 --replicates 2 --rng 1 --threads 1",
    "compare mine.toml saved --replicates 2 --rng 1 --all --json",
    "compare mine.toml other.toml --replicates 10 --rng 1 --precision 5 --outcome users --at-most 12",
    "sensitivity mine.toml --path seeding.purity=0.1..0.9 --replicates 1 --rng 1 --outcome users --workers 1",
    "sensitivity mine.toml --method morris --points 2 --levels 4 --path telling.relay --replicates 1 --rng 1",
    "claim nothing --quick",
    "claims . --write",
    "calibrate broken.toml --out out --workers 1",
)  # fmt: skip
VALUES = (
    "mine.toml", "ties.txt", "names.csv", "meetings.txt", "seeds.txt", "people.csv", "sweep.toml",
    "broken.toml", "who.csv", "saved", "kept", "out", "out/deep", "out.parquet", "out.csv", ".", "nowhere", "/dev/null/x",
    "a b", "tiny", "compiled", "reference", "sis", "delayed", "negative", "reinforcement",
    "threshold", "bass", "fractional-sir", "ids:1", "ids:", "ids:1,1", "ids:99", "rows:0", "degree:0",
    "degree:2", "a=1", "p=0.5", "p=weights", "recovery=0", "seeding.purity=2", "seeding.purity",
    "seeding.number=", "=3", "ticks=0", "ticks=[1]", "n_agents=7", "channels.forum=none", "users",
    "users@2", "nothing@x", "a: ticks=2", ": ticks=2", "a: ticks", "0.1..0.9", "5..1:log", "follow:100",
    "ring:0", "ring:-1", "ring:x", "ring:10", "watts-strogatz:20", "barabasi-albert:20",
    "follow:99999999999999", "complete:5", "loky", "dask", "threads", "tcp://127.0.0.1:1", "en", "zh",
    "oat", "morris", "sobol", "random", "users/adopted@2",
)  # fmt: skip
#: Not drawn: what makes a right command long, or needs another machine.
_NOT_DRAWN = {"--seconds", "--at-most", "--scheduler", "--full", "--all", "--help"}


def options() -> list[str]:
    """All options of all commands, so that new ones are tried as soon as they are there."""
    group = typer.main.get_command(commands())
    found = {
        name
        for command in group.commands.values()  # type: ignore[attr-defined]
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-")
    }
    return sorted(found - _NOT_DRAWN)


SCENARIO = 'title = "mine"\nn_agents = 200\nticks = 4\n[seeding]\nnumber = 10\n'
SWEEP = (
    'scenario = "mine.toml"\nrng = 7\noutcomes = ["users"]\n[grid]\n"seeding.purity" = [0.1, 0.9]\n'
)


def furnish(folder: Path) -> None:
    """Put the files that the lines name into a folder."""
    (folder / "mine.toml").write_text(SCENARIO)
    (folder / "other.toml").write_text(SCENARIO.replace("mine", "other"))
    (folder / "ring.txt").write_text("".join(f"{k} {(k + 1) % 200}\n" for k in range(200)))
    (folder / "broken.toml").write_text('scenario = "mine.toml"\n[ranges]\n')
    (folder / "sweep.toml").write_text(SWEEP)
    (folder / "ties.txt").write_text("1 2\n2 3\n3 4\n")
    (folder / "names.csv").write_text("source,target,weight\nanna,bert,0.5\nbert,carla,0.5\n")
    (folder / "meetings.txt").write_text("1 2 10\n2 3 20\n3 1 30\n")
    (folder / "seeds.txt").write_text("anna\ncarla\n")
    (folder / "people.csv").write_text("segment\n" + "enthusiast\n" * 3 + "newbie\n" * 3)
    (folder / "who.csv").write_text("name,kind,price\nanna,fan,2\nbert,fan,1\ncarla,other,3\n")
    kb.run(folder / "mine.toml", rng=3, out=folder / "saved")
    sweep = studies.read_sweep(folder / "sweep.toml")
    studies.sweep(sweep.sweep, out=folder / "kept", workers=1)


def lines() -> list[list[str]]:
    """The lines in words."""
    return [shlex.split(line) for line in LINES]


def tidied(words: list[str], values: tuple[str, ...] = VALUES) -> list[str]:
    """Keep what is written inside the folder, and what is right but long out."""
    found = []
    for word in words:
        if word not in values and ("/" in word or word.startswith("~")):
            word = word.replace("/", "").replace("~", "")
        found.append("--json" if word in _NOT_DRAWN else word)
    return ["info"] if found[:1] in (["demo"], ["warmup"]) else found


def judged(words: list[str], folder: Path) -> tuple[int, str]:
    """Run a command line in the folder, and say what is wrong with what came of it.

    Raises
    ------
    AssertionError
        More than a line was said, or something half-written is left, or it took too long.
    Exception
        A traceback: what must not be.
    """
    before = {path.name for path in folder.iterdir()}

    def called() -> tuple[int, str, set[str], list[str]]:
        out, err = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(words)
        finally:
            made = {path.name for path in folder.iterdir()} - before
            wrong = [name for name in sorted(made) if not _whole(folder / name)]
            _clear(folder, made)
        return status, err.getvalue(), made, wrong

    with contextlib.chdir(folder):
        status, err, made, wrong = timely(called)
    said = [line for line in err.splitlines() if not _is_note(line)]
    assert status in (0, 1, 2), status
    assert "Traceback" not in err
    if status == 2 and not words:
        assert said[0].startswith("Usage: koubei"), err  # a page of help
    elif status == 2:
        assert len(said) == 1 and said[0].startswith("koubei: "), err
        assert not made, f"{sorted(made)} left behind by: {said[0]}"
    assert not wrong, f"{wrong} cannot be read back"
    return status, "\n".join(said)


def _is_note(line: str) -> bool:
    return line.startswith(("note: ", "koubei: note: "))


def _whole(path: Path) -> bool:
    if (path / "recipe.json").exists():
        kb.load(path)
    return not path.name.startswith(".") and ".tmp" not in path.name and os.access(path, os.R_OK)


def _clear(folder: Path, names: set[str]) -> None:
    for name in names:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
