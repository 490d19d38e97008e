"""`warmup`: what it calls, what it says, and that it leaves nothing to compile."""

from __future__ import annotations

import json

import pytest

import koubei_sim as kb
from koubei_sim import warming
from koubei_sim.cascades.rules import FAMILIES
from koubei_sim.cli import main
from koubei_sim.errors import KoubeiError


def test_parts_are_done_in_turn_and_told(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Catches a part that is left out, done twice, or whose seconds go to another."""
    done: list[str] = []
    parts = {
        name: lambda name=name: iter([(f"{name} {k}", lambda: done.append(name)) for k in (1, 2)])
        for name in ("one", "two")
    }
    monkeypatch.setattr(warming, "PARTS", parts)
    told: list[tuple[str, float]] = []
    found = kb.warmup(progress=lambda name, seconds: told.append((name, seconds)))
    assert done == ["one", "one", "two", "two"]
    assert [name for name, _ in told] == ["one 1", "one 2", "two 1", "two 2"]
    assert found["one"] == told[0][1] + told[1][1]
    assert list(kb.warmup("two")) == ["two"] and done[4:] == ["two", "two"]
    with pytest.raises(KoubeiError, match="parts: unknown, got 'three', allowed 'one', 'two'"):
        kb.warmup(["one", "three"])
    for wrong in (5, ["one", 5], ["one", "one"]):
        with pytest.raises(kb.KoubeiError, match="parts: "):
            kb.warmup(wrong)
    assert len(done) == 6, "refused before any work"
    capsys.readouterr()
    assert main(["warmup", "one"]) == 0
    assert "one 1" in capsys.readouterr().out
    assert main(["warmup", "one", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["seconds"]) == ["one"]


def test_every_rule_is_warmed() -> None:
    """Catches a rule that was added and compiles at its first use."""
    steps = [name for name, _ in warming.PARTS["cascades"]()]
    for family in FAMILIES:
        assert f"{family.__name__} cascades" in steps


NOTHING_LEFT = """
import koubei_sim as kb
from numba.core import event
from koubei_sim.evidence import hazard, Diffusion

class Count(event.Listener):
    names = []
    def on_start(self, found):
        function = found.data["dispatcher"].py_func
        self.names.append(f"{function.__module__}.{function.__name__}")
    def on_end(self, found):
        pass

kb.warmup()
count = Count()
event.register("numba:compile", count)
"""

FIRST_CALLS = """
net = kb.networks.follow_graph(2_000, mean_degree=15, exponent=2.3, key=1)
kb.run("tiny", replicates=2, rng=7, ticks=20)
kb.run("xiaomi", n_agents=20_000, ticks=5, rng=1)
kb.cascade(net, kb.IndependentCascade(0.05), kb.RandomSeeds(10), replicates=100, rng=7)
kb.cascade(net, kb.SIR(0.3, 1.0), [1, 2, 3], replicates=10, rng=7, record="forest").trees()
kb.cascade(net, kb.LinearThreshold(), [1, 2, 3], replicates=10, rng=7)
kb.seeding.maximise(net, kb.IndependentCascade(0.05), 3, rng=1)
print(sorted(set(count.names)))
"""


@pytest.mark.slow
def test_after_it_nothing_is_compiled(fresh_python) -> None:
    """Catches a first call that still compiles after `warmup`, in the same process or a new one."""
    assert fresh_python(NOTHING_LEFT + FIRST_CALLS).strip().splitlines()[-1] == "[]"
    again = NOTHING_LEFT.replace("kb.warmup()\n", "") + FIRST_CALLS
    assert fresh_python(again).strip().splitlines()[-1] == "[]"
