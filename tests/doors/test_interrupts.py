"""Ctrl-C ends studies at once, on every backend, and what is finished is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from koubei_sim import load

#: A run of it takes far longer than anybody waits; one point of the small one takes an instant.
SLOW = 'kb.Scenario.load("tiny").replace(n_agents=400_000, ticks=1000)'
#: A quiet machine takes .2 s; a busy one longer, and what is caught takes minutes.
PATIENCE = 20.0
SCRIPT = f"""
import os, signal, sys, threading, time
import koubei_sim as kb
from koubei_sim import studies
from koubei_sim.studies.calibration import Target, calibrate

slow, out = {SLOW}, sys.argv[1]
points = {{"n_agents": [300, 400_000, 400_001, 400_002]}}
own = [Target("users", 300.0, 0.1, lambda history, scenario: 3.0, "empirical-output")]
ranges = {{"seeding.purity": (0.1, 0.9)}}
early = kb.run(slow, rng=1, ticks=2)
sent = []

def interrupt():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

def later(*told):
    if not sent and (not told or told[0].done):
        threading.Timer(0.3, interrupt).start()

def sweep(name, **how):
    where = dict(out=f"{{out}}/{{name}}", progress=later, batch_seconds=1e-3)
    kb.sweep(slow, points, rng=1, **where, **how)

def soon(action):
    later()
    action()

calls = {{
    "one": lambda: sweep("one", workers=1),
    "threads": lambda: sweep("threads", workers=2),
    "loky": lambda: sweep("loky", backend="loky", workers=2),
    "sensitivity": lambda: soon(lambda: studies.sensitivity(slow, ["seeding.purity"], rng=1)),
    "calibrate": lambda: soon(lambda: calibrate(slow, own, ranges, rng=1)),
    "fork": lambda: soon(lambda: kb.fork(early, 1, ticks=1000)),
    "compare": lambda: soon(
        lambda: kb.compare([slow, slow.replace(**{{"seeding.purity": 0.9}})], 2, rng=1)
    ),
}}
for name, call in calls.items():
    sent.clear()
    try:
        call()
        print(name, "came to its end", flush=True)
    except KeyboardInterrupt:
        print(name, f"{{time.monotonic() - sent[0]:.2f}}", flush=True)
print("left", time.time(), flush=True)
"""


def test_calls_end_soon_and_keep_what_is_finished(tmp_path):
    """Catches compiled code that keeps Ctrl-C waiting, threads that are waited for, lost points."""
    script = tmp_path / "calls.py"
    script.write_text(SCRIPT, "utf-8")
    words = [sys.executable, str(script), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert list(lines) == [
        "one",
        "threads",
        "loky",
        "sensitivity",
        "calibrate",
        "fork",
        "compare",
        "left",
    ], done.stderr
    assert time.time() - float(lines.pop("left")) < PATIENCE + 3.0  # nobody waits at the door
    for name, seconds in lines.items():
        assert float(seconds) < PATIENCE, name
    for name in ("one", "threads", "loky"):
        kept = load(tmp_path / name).table()
        assert kept["n_agents"].tolist()[0] == 300 and len(kept) < 4, name


FILE = """
scenario = "tiny"
rng = 7
workers = 1
[set]
ticks = 1000
[table]
n_agents = [300, {size}]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_the_command_ends_with_status_130_and_goes_on(tmp_path):
    """Catches a command that does not end, ends with a traceback, or cannot be taken up again."""
    file = tmp_path / "points.toml"
    file.write_text(FILE.format(size=400_000), "utf-8")
    words = [sys.executable, "-m", "koubei_sim.cli", "sweep", str(file)]
    begun = subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    folder, limit = tmp_path / "points", time.monotonic() + 60
    while not list(Path(folder).glob("**/*.parquet")) and time.monotonic() < limit:
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(begun.pid, signal.SIGINT)
    sent = time.monotonic()
    _, said = begun.communicate(timeout=60)
    assert time.monotonic() - sent < PATIENCE + 3.0
    assert begun.returncode == 130
    assert said.splitlines() == ["koubei: interrupted, nothing half-written is left"]
    assert len(load(folder).table()) == 1
