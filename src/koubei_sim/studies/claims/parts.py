"""What a claim is, as data: decision rule, priors, arms, tests - all fixed before anything is run.

Made by `claim_file.read_claim`; used by everything else in this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from koubei_sim.model.scenario import Scenario


@dataclass(frozen=True)
class Decision:
    """When a claim is supported, rejected, void (docs/claims.md)."""

    supported: float = 0.9
    rejected: float = 0.1
    void: float = 0.05


@dataclass(frozen=True)
class Prior:
    """Doubtful parameters: how many worlds, how far off, and which worlds count."""

    points: int = 96
    replicates: int = 2
    spread: float = 2.0
    exclude: tuple[str, ...] = ()
    ranges: Mapping[str, Any] = field(default_factory=dict)
    given: str = "take_off"


@dataclass(frozen=True)
class Stress:
    """The wider prior of the could-it-fail score."""

    points: int = 48
    replicates: int = 1
    spread: float = 5.0
    off: tuple[str, ...] = ()
    ranges: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ladder:
    """Knock-outs of the main test; `modules` None: all that are on; no replicates: none."""

    modules: tuple[str, ...] | None = None
    replicates: int = 0


@dataclass(frozen=True)
class Stability:
    """Sizes of the market at which the main test is repeated, with changes by size."""

    agents: tuple[int, ...] = ()
    replicates: tuple[int, ...] = ()
    changes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Test:
    """One outcome of two or more arms, and the effect that would matter.

    `points` and `replicates` are those of the prior where they are 0.  `set`, `ranges` and
    `stress_ranges` are for other models than the pyramid.
    """

    id: str
    statement: str
    outcome: str
    smallest: float
    claimed: str
    against: tuple[str, ...]
    arms: Mapping[str, Mapping[str, Any]]
    main: bool = False
    model: str = "pyramid"
    effect: str = "ratio"
    better: str = "more"
    market: Mapping[str, Any] = field(default_factory=dict)
    points: int = 0
    replicates: int = 0
    set: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Any] = field(default_factory=dict)
    stress_ranges: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A claim as its file states it.

    Attributes
    ----------
    folder : Path
    digest : str
        SHA-256 of the file: a verdict says of which file it is the verdict.
    script : str
        Name of a Python file beside the claim that judges it in a way of its own; else empty.
    """

    folder: Path
    digest: str
    id: str
    title: str
    statement: str
    source: str
    honest: str
    key: int
    script: str
    scenario: Scenario
    decision: Decision
    prior: Prior
    stress: Stress
    ladder: Ladder
    stability: Stability
    tests: tuple[Test, ...]

    @property
    def main(self) -> Test:
        """The test that decides."""
        return next(test for test in self.tests if test.main)
