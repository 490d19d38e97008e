"""Whether a time may be believed: sizes first, and no ratio for a package whose sizes disagree.

Each package is compared with the textbook kernel by its mean (in standard errors) and by its whole
law (Kolmogorov-Smirnov).  A package that is known to follow another law is compared with a kernel
of that law instead, named here with the reason: an exception is a law that is tested too, never a
licence.  A ratio to koubei_sim needs both sides to pass.  Called by `report`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .measure import Sample, agreement

YARDSTICK = "textbook numba"
FURTHEST = 4.0  # standard errors
LEAST_P = 1e-4  # of Kolmogorov and Smirnov

#: (row, package) -> kernel of the law that it follows, why.
OTHER_LAWS = {
    ("sird", "epiworld"): (
        "one infection or none",
        'a step draws "one infection or none": two infected neighbours infect more often than two '
        "independent trials would, and a few are spared in the end",
    ),
}


@dataclass(frozen=True)
class Verdict:
    """What became of the comparison of one package in one row."""

    agrees: bool
    against: str  # whose sizes it was compared with
    difference: float  # of the means, relative
    z: float
    p: float

    @property
    def other_law(self) -> bool:
        """Whether it agrees, but with another law than the one of the row."""
        return self.agrees and self.against != YARDSTICK

    @property
    def word(self) -> str:
        """In one word, for tables."""
        return "other law" if self.other_law else "agrees" if self.agrees else "disagrees"


def judge(row: str, package: str, samples: dict[str, Sample]) -> Verdict:
    """Compare one package of a row with the law it should follow.

    The yardstick itself passes as it is; the tests hold it against exact laws.
    """
    if package == YARDSTICK:
        return Verdict(True, YARDSTICK, 0.0, 0.0, 1.0)
    against = OTHER_LAWS.get((row, package), (YARDSTICK,))[0]
    if against not in samples:
        return Verdict(False, "nothing", float("nan"), float("nan"), float("nan"))
    apart = agreement(samples[package], samples[against])
    agrees = abs(apart.z) <= FURTHEST and apart.p >= LEAST_P
    return Verdict(agrees, against, apart.difference, apart.z, apart.p)


def verdicts(row: str, samples: dict[str, Sample]) -> dict[str, Verdict]:
    """Judge all packages of a row; kernels that are only a law for others are left out."""
    laws = {law for law, _ in OTHER_LAWS.values()}
    return {package: judge(row, package, samples) for package in samples if package not in laws}


def believed(package: str, base: str, found: dict[str, Verdict]) -> bool:
    """Whether the ratio of the times of two packages may be told."""
    return found[package].agrees and found[base].agrees
