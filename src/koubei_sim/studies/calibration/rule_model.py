"""From numbers of a rule to statistics: the runs of a fit, a whole batch of particles in one call.

`RuleModel` stands where `simulator.Model` stands for scenarios.  A particle is as many replicates
as are averaged for it, with numbers of its own (``cascade(.., parameters=)``) and luck of its own.
With a folder each part of a batch is a file there, so a killed fit goes on in the middle of one.
Called by `rule_fit` and `synthetic`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import CascadeResult, cascade
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork
from koubei_sim.storage import whole_file
from koubei_sim.storage.provenance import array_digest, network_digest
from koubei_sim.studies.calibration.rule_targets import RuleTarget
from koubei_sim.studies.calibration.targets import Targets
from koubei_sim.studies.design.values import Range, range_of

FloatArray = NDArray[np.float64]

MOST_PARAMETERS: Final = 12
PART: Final = 20_000  # replicates of a call: what a killed fit loses at most, and memory


@dataclass(frozen=True)
class RuleModel:
    """A rule on a network with numbers to be fitted.

    Attributes
    ----------
    network, rule, seed_agents
        As in `cascade`.
    ranges : dict of str to Range
        The prior of each number: independent, uniform (or uniform in the logarithm).
    key : int
    replicates : int
        Averaged for each particle.
    options : dict
        Further arguments of `cascade`: horizon, tick, by, threads.
    out : Path or None
        Folder of the batches.
    tell : callable or None
        Told (replicates done, words) after each part.
    """

    network: Any
    rule: Rule
    seed_agents: Any
    ranges: dict[str, Range]
    key: int
    replicates: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    out: Path | None = None
    tell: Callable[[int, str], None] | None = None
    _done: list[int] = field(default_factory=lambda: [0])

    @property
    def paths(self) -> list[str]:
        """Names of the numbers."""
        return list(self.ranges)

    def values(self, shares: FloatArray) -> dict[str, list[Any]]:
        """Return the numbers at shares of the prior, a column a name."""
        return {
            name: [found.at(float(share)) for share in shares[:, k]]
            for k, (name, found) in enumerate(self.ranges.items())
        }

    def rule_at(self, numbers: Mapping[str, Any]) -> Rule:
        """Return the rule with some numbers."""
        return self.rule.with_numbers(dict(numbers))

    def statistics(
        self,
        shares: FloatArray,
        targets: Targets,
        name: str,
        first_luck: int | NDArray[np.int64] = 0,
        own_luck: bool = True,
    ) -> FloatArray:
        """Return the statistics of all particles, means over replicates, [particles, targets]."""
        return self.each(shares, targets, name, first_luck, own_luck).mean(axis=1)

    def each(
        self,
        shares: FloatArray,
        targets: Targets,
        name: str,
        first_luck: int | NDArray[np.int64] = 0,
        own_luck: bool = True,
    ) -> FloatArray:
        """Return the statistics of every replicate, [particles, replicates, targets].

        Parameters
        ----------
        shares : array, shape [particles, parameters]
        targets : Targets
            Only their statistics are used, never their values.
        name : str
            Of the batch.
        first_luck : int, or array of int, shape [particles]
            Particles before the first whose luck must not be used again; or the luck of each.
        own_luck : bool
            Whether no two particles share luck; else replicate r is the same luck for all.
        """
        number = shares.shape[0]
        out = np.empty((number, self.replicates, len(targets)))
        if isinstance(first_luck, np.ndarray):
            spans = [(k, k + 1, int(first_luck[k])) for k in range(number)]
            # Neighbours with neighbouring luck go together.
            joined: list[tuple[int, int, int]] = []
            for begin, end, luck in spans:
                before = joined[-1] if joined else None
                if before is not None and luck == before[2] + before[1] - before[0]:
                    joined[-1] = (before[0], end, before[2])
                else:
                    joined.append((begin, end, luck))
            spans = joined
        elif own_luck:
            spans = [(0, number, int(first_luck))]
        else:
            spans = [(k, k + 1, int(first_luck)) for k in range(number)]
        step = max(1, PART // self.replicates)
        for begin, end, luck in spans:
            for at in range(begin, end, step):
                upto = min(at + step, end)
                part = shares[at:upto]
                out[at:upto] = self._kept(part, targets, f"{name}-{at:06d}", luck + at - begin)
        return out

    def _kept(self, shares: FloatArray, targets: Targets, name: str, luck: int) -> FloatArray:
        """Return one part, from its file where it was made before."""
        path = None
        if self.out is not None:
            said = json.dumps([self.mark, luck, [entry.said for entry in targets]])
            mark = hashlib.sha256(said.encode() + shares.tobytes()).hexdigest()[:16]
            path = self.out / "runs" / f"{name}-{mark}.npy"
            if path.is_file():
                found = np.asarray(np.load(path, allow_pickle=False))
                self._told(shares.shape[0], name)
                return found
        found = self._run(shares, targets, luck)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as file:
                np.save(file, found, allow_pickle=False)
        self._told(shares.shape[0], name)
        return found

    def _told(self, particles: int, name: str) -> None:
        self._done[0] += particles * self.replicates
        if self.tell is not None:
            self.tell(self._done[0], name)

    def _run(self, shares: FloatArray, targets: Targets, luck: int) -> FloatArray:
        number = shares.shape[0]
        columns = {
            name: np.repeat(np.array(each), self.replicates)
            for name, each in self.values(shares).items()
        }
        record: Any = sorted({word for entry in targets for word in _target(entry).record})
        found: CascadeResult = cascade(
            self.network, self.rule, self.seed_agents, number * self.replicates, self.key,
            first=luck * self.replicates, parameters=columns, record=record, **self.options,
        )  # fmt: skip
        made: dict[int, FloatArray] = {}
        values = np.column_stack([_target(entry).of_runs(found, made) for entry in targets])
        return values.reshape(number, self.replicates, len(targets))

    @property
    def mark(self) -> str:
        """A digest of everything that the runs hang on but the particles."""
        said = [digest_of(self.network), rule_text(self.rule), repr(self.seed_agents),
                self.replicates, self.key, repr(sorted(_plain(self.options).items()))]  # fmt: skip
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _target(entry: Any) -> RuleTarget:
    assert isinstance(entry, RuleTarget)
    return entry


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """What of the options a result hangs on."""
    return {name: value for name, value in options.items() if name != "threads"}


def digest_of(network: Any) -> str:
    """Return the digest of a network or of contacts."""
    if isinstance(network, TemporalNetwork):
        return array_digest(network.source, network.target, network.time)
    return network_digest(network)


def rule_text(rule: Rule) -> str:
    """Return the rule as text that differs where any of its numbers does."""
    parts = [type(rule).__name__]
    for item in fields(rule):
        value = getattr(rule, item.name)
        said = array_digest(value) if isinstance(value, np.ndarray) else repr(value)
        parts.append(f"{item.name}={said}")
    return ", ".join(parts)


def rule_ranges(rule: Rule, given: Any) -> dict[str, Range]:
    """Return the prior of each number of a rule.

    Raises
    ------
    KoubeiError
        Names that the rule does not have, ranges that are none, bounds that the rule refuses.
    """
    known = rule.per_replicate
    if not isinstance(given, Mapping) or not given:
        raise KoubeiError(
            "parameters", "no number to fit", got=repr(given),
            allowed=f"{{name: (low, high)}}, names of {', '.join(known) or 'none'}",
        )  # fmt: skip
    if len(given) > MOST_PARAMETERS:
        raise KoubeiError(
            "parameters", "too many to fit", got=len(given), allowed=f"1..{MOST_PARAMETERS}"
        )
    found: dict[str, Range] = {}
    for name, entry in given.items():
        if name not in known:
            raise KoubeiError(
                f"parameters[{name}]", f"not a number of {type(rule).__name__}",
                allowed=", ".join(known) or "none",
            )  # fmt: skip
        own = range_of(f"parameters[{name}]", entry, isinstance(getattr(rule, name), int))
        if own.choices:
            raise KoubeiError(f"parameters[{name}]", "choices cannot be fitted", fix="(low, high)")
        found[str(name)] = own
    for end in ("low", "high"):
        for name, own in found.items():
            try:
                rule.with_numbers({name: getattr(own, end)})
            except KoubeiError as error:
                raise KoubeiError(
                    f"parameters[{name}].{end}", error.what, got=error.got, allowed=error.allowed
                ) from None
    return found
