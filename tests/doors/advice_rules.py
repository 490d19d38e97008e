"""What is advised about fits of rules and credit of ties."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import koubei_sim as kb
from koubei_sim.evidence import CascadeLog, TakeUp, Telling, credit, read_cascade_log

LINE = kb.Network.from_edges([0, 1], [1, 2], directed=False)


def told(record: Any) -> Any:
    """The six moments of a run that keeps `record`."""
    found = kb.cascade(LINE, Telling(0.5), [0], 2, 1, horizon=2, record=record)
    return TakeUp(LINE, [0], np.zeros(3))(found)


SIZE = kb.studies.RuleTarget("size", 2, 0.1, "size")


def fitted(*targets: Any, rule: Any = None, **how: Any) -> Any:
    """A small fit."""
    call: dict[str, Any] = {"method": "abc", "particles": 4, "simulations": 8, "rng": 1}
    return kb.fit_rule(LINE, rule or kb.IndependentCascade(0.5), [0], targets or [SIZE],
                       {"p": (0.1, 0.9)}, **call | how)  # fmt: skip


def walked(log: bool) -> Any:
    """A walk whose statistic is nothing in every run."""
    target = kb.studies.RuleTarget("none", 1.0, 0.5, lambda run: 0.0 * run.sizes, log=log)
    return kb.fit_rule(LINE, kb.IndependentCascade(0.5), [0], [target], {"p": (0.1, 0.9)},
                       method="synthetic", simulations=100, rng=1)  # fmt: skip


def by_time(**how: Any) -> Any:
    """A fit to who was active by a time, in continuous time."""
    target = kb.studies.RuleTarget("by 1", 2, 0.1, "size@1")
    return fitted(target, rule=kb.Bass(0.1, 0.3), horizon=2, **how)


LOG = CascadeLog([0, 0, 1, 1], [0, 1, 1, 2])


def few_pairs(window: int | None) -> Any:
    """Credit where memory holds few pairs."""
    with patch("koubei_sim.evidence.credit.MOST_PAIRS", 60 if window else 1):
        return credit(None, LOG, window=window)


def log_from(path: Any) -> Any:
    """A log from a file of three rows."""
    Path("log.csv").write_text("cascade,person\n0,1\n0,2\n1,0\n")
    return credit(None, read_cascade_log(path))


SICK = kb.SIR(0.1, 0.5)


def on(start: Any, rule: Any = None) -> Any:
    """A run that goes on from a start."""
    return kb.cascade(LINE, rule or kb.IndependentCascade(0.5), None, 1, 1, start=start)


TRIED = {
    "'Start(times, at=5)'": (lambda: on({0: 1}), lambda: on(kb.Start({0: 1}, at=5))),
    "'Start(times, at=5, until=recovered)'": (
        lambda: on(kb.Start({0: 1}, at=5), SICK),
        lambda: on(kb.Start({0: 1}, at=5, until={0: 3}), SICK),
    ),
    "'window=50'": (lambda: few_pairs(None), lambda: few_pairs(50)),
    "'read_cascade_log(path)'": (
        lambda: credit(None, "log.csv"),  # type: ignore[arg-type]
        lambda: log_from("log.csv"),
    ),
    "'predictive()'": (lambda: fitted().continued(), lambda: fitted().predictive()),
    "'tick=0.5'": (by_time, lambda: by_time(tick=0.5)),
    "'RuleTarget(.., hold_out=True)'": (
        lambda: fitted().holdout(),
        lambda: fitted(SIZE, kb.studies.RuleTarget("end", 1, 0.1, "end", hold_out=True)).holdout(),
    ),
    "\"RuleTarget(name, value, tolerance, 'size')\"": (
        lambda: fitted(kb.studies.Target("x", 1.0, 0.1, "users", "macro-face")),
        lambda: fitted(kb.studies.RuleTarget("x", 2, 0.1, "size")),
    ),
    "'other ranges, or log=False'": (lambda: walked(True), lambda: walked(False)),
    "'record=\"kinds\"'": (lambda: told(()), lambda: told("kinds")),
}
