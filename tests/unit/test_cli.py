"""The command line as a person meets it: one line for mistakes, 80 columns, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from koubei_sim.cli import main, run
from koubei_sim.cli.options import changes_of
from koubei_sim.errors import KoubeiError

SMALL = [
    "--set", "n_agents=400", "--set", "seeding.number=10", "--ticks", "30", "--rng", "7",
]  # fmt: skip


@pytest.fixture
def call(capsys, monkeypatch):
    """Run the command line in this process; returns (status, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object):
        status = main([str(word) for word in words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def _narrow(text: str) -> bool:
    return max((cell_len(line) for line in text.splitlines()), default=0) <= 80


def test_run_save_repeat_and_damage(call, tmp_path):
    """Catches a repetition that compares nothing: equal bytes, then a wrong digest."""
    folder = tmp_path / "run"
    status, out, err = call("run", "tiny", *SMALL, "--replicates", 3, "--out", folder)
    assert (status, err) == (0, "")
    assert _narrow(out.replace(str(folder), "run"))
    assert "end of" in out
    assert len(list((folder / "figures").iterdir())) == 9
    status, out, err = call("run", folder, "--no-figures")
    assert (status, err) == (0, "")
    assert f"same bytes as {folder}" in out
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe["versions"]["numpy"] = "1.0"
    recipe["digest"] = "0" * 64
    (folder / "recipe.json").write_text(json.dumps(recipe))
    status, out, err = call("run", folder)
    assert status == 1
    assert "not the same bytes" in out
    assert "numpy 1.0 -> " in out


def test_stream_gives_the_same_bytes_and_says_what_it_leaves_out(call, tmp_path):
    """Catches --stream that saves as ever, writes twice, or reads the log for a figure."""
    call("run", "tiny", *SMALL, "--replicates", 3, "--out", tmp_path / "kept")
    folder = tmp_path / "streamed"
    status, out, err = call("run", tmp_path / "kept", "--stream", "--out", folder)
    assert (status, err) == (0, "")
    assert f"same bytes as {tmp_path / 'kept'}" in out
    assert json.loads((folder / "timing.json").read_text())["streamed"] is True
    for name in ("data.nc", "events.parquet", "recipe.json"):
        assert (folder / name).read_bytes() == (tmp_path / "kept" / name).read_bytes()
    assert len(list((folder / "figures").iterdir())) == 5
    assert f"koubei plot {folder}" in out
    status, out, err = call("plot", folder)
    assert (status, len(out.splitlines())) == (0, 9)
    for words, message in (
        (["tiny", *SMALL], "--stream: needs a folder"),
        ([folder, "--out", folder], "--out: holds the result that the repetition is to be"),
        (["tiny", "--engine", "reference", "--out", tmp_path / "no"], "only the compiled engine"),
    ):
        status, out, err = call("run", *words, "--stream")
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert message in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "streamed"]


def test_first_difference_names_the_cell():
    """Catches a report that points at the wrong day or block."""
    from koubei_sim.model.mechanisms import TABLE_OFFSET
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.runs import simulate
    from koubei_sim.runs.result import Result

    scenario = Scenario.load("tiny").replace(n_agents=400, ticks=10, **{"seeding.number": 10})
    result = simulate.run(scenario, rng=1)
    table = result.histories[0].table.copy()
    table[4, TABLE_OFFSET["joins"] + 1] += 5
    other = Result(scenario, 1, "compiled", [result.histories[0]._replace(table=table)])
    assert "replicate 0, day 4, joins: " in run.first_difference(result, other)


def test_json_is_json(call):
    """Catches text or NaN among the JSON, and a summary without intervals."""
    status, out, err = call("run", "tiny", *SMALL, "--replicates", 2, "--json")
    content = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} in the JSON"))
    assert (status, err) == (0, "")
    assert content["replicates"] == 2
    assert content["key"] == 7
    users = content["summary"]["users"]
    assert users["estimate"] > 0.0 and users["interval"] == "few"
    assert content["summary"]["day_loyal_100000"]["estimate"] is None  # never
    assert content["pyramid"][-1]["tick"] == 29


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "xiaomy"], "try xiaomi"),
        (["run", "absent.toml"], "absent.toml"),
        (["run", "tiny", "--set", "seeding.purty=1"], "seeding.purty: unknown parameter"),
        (["run", "tiny", "--set", "seeding.purity"], "--set: not of the form path=value"),
        (["run", "tiny", "--ticks", "0"], "ticks: "),
        (["run", "tiny", "--engine", "fast"], "engine: unknown, got 'fast'"),
        (["run", "tiny", "--replicates", "0"], "--replicates"),
        (["run", "tiny", "--network", "wechat"], "--network: not of the form channel=file"),
        (["run", "tiny", "--network", "fax=a.gz"], "--network: unknown channel, got fax"),
        (["run", "tiny", "--network", "wechat=absent.gz"], "absent.gz"),
        (["run", "tiny", "--agents", "absent.csv"], "absent.csv"),
        (["run", "tiny", "--sed", "1"], "No such option"),
        (["run"], "Missing argument"),
        (["fly"], "No such command"),
        (["plot", "absent"], "absent: no such folder"),
        (["describe", "tiny", "--lang", "fr"], "--lang"),
        (["diff", "tiny", "absent.toml"], "absent.toml"),
    ],
)
def test_mistakes_give_one_line_and_status_2(call, words, message):
    """Catches tracebacks, usage pages on stderr and wrong exit statuses."""
    status, out, err = call(*words)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("koubei: ")
    assert message in err


def test_a_folder_that_cannot_be_written(call, tmp_path):
    """Catches a traceback when the result has nowhere to go, and an exit status of success."""
    (tmp_path / "file").write_text("x")
    status, _, err = call("run", "tiny", *SMALL, "--out", tmp_path / "file" / "run")
    assert status == 2
    assert err.count("\n") == 1
    assert "cannot be written" in err


def test_interrupts_give_130(call, monkeypatch):
    """Catches a traceback on Ctrl-C."""
    from koubei_sim.model.scenario import Scenario

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Scenario, "load", interrupt)
    status, _, err = call("presets")
    assert status == 130
    assert err.splitlines()[-1].startswith("koubei: interrupted")


def test_looking_commands(call, tmp_path):
    """Catches lines that wrap at 80 columns, and commands that print nothing of use."""
    for words, expected in (
        (["describe", "tiny"], "seed"),
        (["describe", "tiny", "--lang", "zh"], "种子"),
        (["params", "tiny"], "seeding.purity = "),
        (["params", "--search", "purity"], "seeding.purity = "),
        (["params", "tiny", "--lang", "zh"], "种子用户中发烧友的比例（纯度）"),
        (["describe", "gate", "--lang", "zh"], "早期把小白挡在门外"),
        (["presets"], "xiaomi"),
        (["info"], "numba"),
    ):
        status, out, err = call(*words)
        assert (status, err) == (0, ""), words
        assert expected in out, words
        if words != ["info"]:  # it shows the path of a folder
            assert _narrow(out), [line for line in out.splitlines() if cell_len(line) > 80]
    for words in (["params", "--json"], ["schema"], ["presets", "--json"], ["info", "--json"]):
        status, out, _ = call(*words)
        assert status == 0
        assert json.loads(out)


def test_diff_of_scenarios_and_results(call, tmp_path):
    """Catches differences that are not reported, or reported where there are none."""
    from koubei_sim.model.scenario import Scenario

    Scenario.load("tiny").replace(**{"seeding.purity": 0.125}).save(tmp_path / "other.toml")
    status, out, _ = call("diff", "tiny", tmp_path / "other.toml")
    assert status == 0
    assert "seeding.purity: " in out
    assert " -> 0.125" in out
    assert "outcome" not in out
    assert "no difference" in call("diff", "tiny", "tiny")[1]
    call("run", "tiny", *SMALL, "--out", tmp_path / "a", "--no-figures")
    call(
        "run",
        "tiny",
        *SMALL,
        "--set",
        "seeding.purity=0.2",
        "--out",
        tmp_path / "b",
        "--no-figures",
    )
    content = json.loads(call("diff", tmp_path / "a", tmp_path / "b", "--json")[1])
    assert content["scenario"]["seeding.purity"]["b"] == 0.2
    assert content["same_bytes"] is False
    assert content["outcome"]
    same = call("diff", tmp_path / "a", tmp_path / "a")[1]
    assert "scenario: no difference" in same
    assert "outcome: same bytes" in same
    text = call("diff", tmp_path / "a", tmp_path / "b")[1]
    assert _narrow(text)


def test_plot_draws_into_the_result(call, tmp_path):
    """Catches figures in the wrong folder."""
    call("run", "tiny", *SMALL, "--out", tmp_path / "a", "--no-figures")
    assert not (tmp_path / "a" / "figures").exists()
    status, out, err = call("plot", tmp_path / "a", "--format", "svg")
    assert (status, err) == (0, "")
    assert sorted(Path(line).suffix for line in out.splitlines()) == [".svg"] * 9
    assert all(Path(line).is_file() for line in out.splitlines())


def test_changes_are_read_as_toml_or_text():
    """Catches numbers that stay text, and text that needs quoting."""
    found = changes_of(["a.b=0.5", "c=true", "d=[1, 2]", "e=degree", 'f="x=y"', "g=none"])
    assert found == {"a.b": 0.5, "c": True, "d": [1, 2], "e": "degree", "f": "x=y", "g": None}
    with pytest.raises(KoubeiError):
        changes_of(["=1"])


def test_help_is_quick_and_loads_nothing_heavy():
    """Catches a heavy import at the top of a command file: `koubei --help` in 0.6 s of CPU."""
    code = (
        "import sys; from koubei_sim.cli import main; main(['--help']);"
        "heavy = {'numpy', 'numba', 'xarray', 'pandas', 'matplotlib', 'pydantic', 'mesa'};"
        "sys.exit(3 if heavy & set(sys.modules) else 0)"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source), "COLUMNS": "80"}
    before = os.times()
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    used = os.times()
    assert done.returncode == 0, done.stderr
    cpu = used.children_user - before.children_user + used.children_system - before.children_system
    assert min(cpu, time.perf_counter() - started) < 0.6
    assert _narrow(done.stdout)
    assert "demo" in done.stdout


def test_module_entry_and_broken_pipe():
    """Catches `python -m` not working, and complaints when the reader goes away."""
    source = Path(__file__).resolve().parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{sys.executable} -m koubei_sim.cli params | head -1; echo ${{PIPESTATUS[0]}}",
        ],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 2


def test_every_file_of_commands_is_opened():
    """Catches a new file whose commands nobody can call, or one that is listed and is gone."""
    from koubei_sim import cli

    folder = Path(cli.__file__).parent
    with_commands = {f.stem for f in folder.glob("*.py") if "@app.command" in f.read_text("utf-8")}
    assert with_commands == set(cli.FILES)


def test_a_study_that_had_to_stop_gives_status_1(call, monkeypatch, tmp_path):
    """Catches a full disk that is told as wrong use: what was done is kept, nothing was wrong."""
    from koubei_sim import studies

    def stop(*_: object, **__: object) -> None:
        raise studies.SweepStopped("runs", "the disk is full")

    monkeypatch.setattr(studies, "sweep", stop)
    file = tmp_path / "few.toml"
    file.write_text("scenario = 'tiny'\n[grid]\nticks = [2]\n")
    assert call("sweep", file) == (1, "", "koubei: runs: the disk is full\n")
