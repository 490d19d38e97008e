"""The command on consoles as they are: other code pages, readers that leave, streams that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import koubei_sim

SOURCES = str(Path(koubei_sim.__file__).parent.parent)
#: What most of these tests run: it prints a curve of blocks that few code pages have.
CASCADE = ("--seeds", "ids:1", "--replicates", "3", "--rng", "1")


def environment(**env: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": SOURCES, **env}


def command(*words: str, **env: str) -> tuple[int, bytes, str]:
    """Run the command in a process of its own: status, output, errors."""
    done = subprocess.run(
        [sys.executable, "-m", "koubei_sim.cli", *words],
        capture_output=True,
        env=environment(**env),
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def shell(line: str) -> tuple[int, str, str]:
    """Run a line of the shell in which ``$K`` is the command."""
    done = subprocess.run(
        ["sh", "-c", line],
        capture_output=True,
        text=True,
        env=environment(K=f"{sys.executable} -m koubei_sim.cli"),
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.sampled(3)
@pytest.mark.parametrize("page", ["cp1252", "ascii", "cp936"])
def test_a_code_page_that_has_not_every_sign(page: str, tmp_path: Path) -> None:
    """Catches a run that is lost because its curve, drawn with blocks, cannot be printed."""
    ties = tmp_path / "ties.txt"
    ties.write_text("1 2\n2 3\n3 4\n")
    words = ("cascade", str(ties), *CASCADE)
    status, out, err = command(*words, PYTHONIOENCODING=page)
    assert status == 0, err
    assert "?" not in out.decode(page)  # the curve is drawn with what there is
    assert ("koubei: note: signs that" in err) == (page != "cp936")


def test_signs_of_a_title_become_question_marks(tmp_path: Path) -> None:
    """Catches UnicodeEncodeError from a title in Chinese on a western console."""
    scenario = tmp_path / "mine.toml"
    scenario.write_text('title = "小米"\n', encoding="utf-8")
    status, out, err = command("describe", str(scenario), "--lang", "zh", PYTHONIOENCODING="cp1252")
    assert status == 0, err
    assert b"?" in out


def test_json_stays_json() -> None:
    """Catches question marks in JSON, which are read back without a word as other names."""
    status, out, err = command("schema", PYTHONIOENCODING="ascii")
    assert status == 0, err
    assert json.loads(out) == json.loads(command("schema", PYTHONIOENCODING="utf-8")[1])
    one = json.loads(command("params", "xiaomi", "--json", PYTHONIOENCODING="ascii")[1])
    assert one == json.loads(command("params", "xiaomi", "--json", PYTHONIOENCODING="utf-8")[1])


def test_an_error_about_a_name_that_the_console_has_not() -> None:
    """Catches a traceback in the place of the line that says what is wrong."""
    status, _, err = command("describe", "小米", PYTHONIOENCODING="ascii:strict")
    assert status == 2
    assert err.startswith("koubei: ") and err.count("\n") == 1


@pytest.mark.sampled(3)
@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix is asked")
@pytest.mark.parametrize("line", ["$K params | head -1", "$K schema 2>&1 | head -1"])
def test_a_reader_that_has_seen_enough(line: str) -> None:
    """Catches BrokenPipeError, or Python's complaint about it at the exit."""
    status, out, err = shell(line)
    assert (status, out.count("\n"), err) == (0, 1, "")


@pytest.mark.sampled(3)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", ["presets", "params"])
def test_output_that_cannot_be_written(words: str) -> None:
    """Catches a second message at the exit, with a status of its own, of a full disk."""
    status, _, err = shell(f"$K {words} >/dev/full")
    assert status == 2
    assert err.startswith("koubei: ") and err.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix is asked")
def test_streams_that_are_closed() -> None:
    """Catches AttributeError where whoever starts the command has closed its output."""
    assert shell("$K presets >&-")[0] == 0
    assert shell("$K nothing 2>&-")[0] == 2
    assert shell("$K presets >&- 2>&-")[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_interrupted() -> None:
    """Catches a traceback, or another status than 130, after Ctrl-C."""
    run = subprocess.Popen(
        [sys.executable, "-m", "koubei_sim.cli", "cascade", "follow:20000", "--seconds"]
        + ["100", "--rng", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    child = psutil.Process(run.pid)
    while run.poll() is None and child.cpu_times().user < 4:  # at work, however busy the machine
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    started = time.perf_counter()
    out, err = run.communicate(timeout=60)
    seconds = time.perf_counter() - started
    assert (run.returncode, out) == (130, "")
    assert err.startswith("koubei: interrupted") and err.count("\n") == 1
    assert seconds < 5
