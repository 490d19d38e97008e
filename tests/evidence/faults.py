"""Planted faults of the room `evidence`: wrong rules that its tests must notice.

Lags and ends off by one, wrong sides, wrong signs, oneself counted: small things that a reader may
well overlook.  `planted` makes copies that have them.
"""

from typing import Final, NamedTuple


class Fault(NamedTuple):
    """Text that stands exactly once in a module, what takes its place, and what notices it."""

    module: str
    check: str
    what: str
    old: str
    new: str


FAULTS: Final = (
    Fault(
        "diffusion",
        "risk",
        "people are watched one period too long",
        "count = np.maximum(last - self.entered + 1, 0)",
        "count = np.maximum(last - self.entered + 2, 0)",
    ),
    Fault(
        "diffusion",
        "risk",
        "the end of the watch is not looked at",
        "last = np.minimum(self.at, self.until)",
        "last = np.minimum(self.at, self.periods - 1)",
    ),
    Fault(
        "diffusion",
        "risk",
        "late entry is not looked at",
        "period = np.arange(person.size) - np.repeat(begins, count) + self.entered[person]",
        "period = np.arange(person.size) - np.repeat(begins, count)",
    ),
    Fault(
        "diffusion", "risk", "seeds are at risk", "last = np.where(self.seeded, -1, last)", "pass"
    ),
    Fault(
        "diffusion",
        "risk",
        "adoptions after the end are seen",
        "at = np.where(place > self.until, NEVER, np.maximum(place, -1))",
        "at = np.maximum(place, -1)",
    ),
    Fault(
        "diffusion",
        "risk",
        "an adoption before the start is none",
        "self.seeded: NDArray[np.bool_] = at == -1",
        "self.seeded: NDArray[np.bool_] = at == -2",
    ),
    Fault(
        "diffusion",
        "risk",
        "the other product counts too",
        "event &= self.kind_of(kind)[person]",
        "pass",
    ),
    Fault(
        "terms",
        "exposures",
        "a lag too short by one",
        "if len(self.coming) < push.lag:",
        "if len(self.coming) < push.lag - 1:",
    ),
    Fault(
        "terms",
        "exposures",
        "an adoption is felt in its own period",
        "            out[:, t] = self.apply(t, felt.state)[:, 0]\n            "
        "felt.add(at[:, None] == t)\n",
        "            felt.add(at[:, None] == t)\n            out[:, t] = self.apply(t, "
        "felt.state)[:, 0]\n",
    ),
    Fault(
        "terms",
        "exposures",
        "seeds wait for the lag too",
        "for _ in range(self.lag - 1):",
        "for _ in range(0):",
    ),
    Fault(
        "terms",
        "exposures",
        "the arcs of the wrong side",
        'if side == "named":\n        return sparse.csr_array(out.T)',
        'if side == "named":\n        return out',
    ),
    Fault(
        "terms",
        "exposures",
        "a tie both ways counts twice",
        "both.data = np.minimum(both.data, 1.0)",
        "pass",
    ),
    Fault(
        "terms",
        "exposures",
        "oneself among the crowd",
        "over = np.maximum(size - 1, 1)[:, None]",
        "over = np.maximum(size, 1)[:, None]",
    ),
    Fault(
        "terms",
        "exposures",
        "the crowd of all",
        "return np.asarray((members @ felt) / over)[d.group]",
        "return np.asarray((members @ felt) / over)[d.group * 0]",
    ),
    Fault(
        "terms",
        "exposures",
        "fading begins before the arrival",
        "        self.state += arrives\n",
        "        self.state += arrives * push.fading\n",
    ),
    Fault(
        "terms",
        "exposures",
        "a window too long by one",
        "if len(self.going) > push.window:",
        "if len(self.going) > push.window + 1:",
    ),
    Fault(
        "terms",
        "exposures",
        "the product is not looked at",
        "new = new & push.among[:, None]",
        "pass",
    ),
    Fault(
        "terms",
        "exposures",
        "contacts of the period before",
        "these = np.flatnonzero(place == period)",
        "these = np.flatnonzero(place == period - 1)",
    ),
    Fault(
        "likelihood",
        "height",
        "traits add in place of multiplying",
        "whole = np.maximum(scale * total, TINY)",
        "whole = np.maximum(scale - 1.0 + total, TINY)",
    ),
    Fault(
        "likelihood",
        "height",
        "a curvature without its first piece",
        "bend * scale * whole + slope * scale",
        "bend * scale * whole",
    ),
    Fault(
        "likelihood",
        "height",
        "a prior on the calendar with the wrong sign",
        "value += pulls.calendar * float((np.log(safe / pulls.mean) - safe / pulls.mean).sum())",
        "value -= pulls.calendar * float((np.log(safe / pulls.mean) - safe / pulls.mean).sum())",
    ),
    Fault(
        "likelihood",
        "height",
        "a prior on traits with the wrong sign",
        "gradient[own] -= pulls.traits * c",
        "gradient[own] += pulls.traits * c",
    ),
    Fault(
        "likelihood",
        "height",
        "probit with the slope of logit",
        "slope, bend = sign * mills, -mills * (sign * eta + mills)",
        "slope, bend = yes - share_of(eta), -mills * (sign * eta + mills)",
    ),
    Fault(
        "starts",
        "height",
        "a prior that forgets the spread of a trait",
        "model.spreads / priors.traits, 0.0) ** 2",
        "1.0 / priors.traits, 0.0) ** 2",
    ),
    Fault(
        "design",
        "height",
        "traits that are not centred",
        "return _matched(wanted, names, columns) - self.centres",
        "return _matched(wanted, names, columns)",
    ),
    Fault(
        "design",
        "height",
        "the calendar one period off",
        "place = period + d.start - self.start\n",
        "place = np.maximum(period + d.start - self.start - 1, 0)\n",
    ),
    Fault(
        "likelihood",
        "top",
        "weights below 0",
        "floor[: rows.bins + rows.pushes.shape[1]] = 0.0",
        "pass",
    ),
    Fault(
        "likelihood", "top", "a climb that ends early", "GAIN: Final = 1e-11", "GAIN: Final = 1e-3"
    ),
    Fault(
        "hazard",
        "top",
        "the other parameters are held still too",
        "np.arange(start.size) == place",
        "np.arange(start.size) >= 0",
    ),
    Fault(
        "hazard",
        "top",
        "a whole p-value at the bound",
        "return 0.5 * tail if ratio > 1e-9 else 1.0",
        "return tail",
    ),
    Fault(
        "profiles",
        "top",
        "intervals of 90 %",
        "HALF: Final = 1.920729410347062",
        "HALF: Final = 1.352771727047702",
    ),
    Fault(
        "worlds",
        "worlds",
        "people enter in the period after",
        "(opens <= t)[:, None]",
        "(opens < t)[:, None]",
    ),
    Fault("worlds", "worlds", "adoptions after the watch are seen", "at[late] = NEVER", "pass"),
    Fault(
        "worlds",
        "worlds",
        "news of the same period",
        "        for state in felt:\n            state.add(now)\n",
        "        for state in felt:\n            state.add(now | (at == t + 1))\n        "
        "    state.state += now\n",
    ),
    Fault(
        "worlds",
        "worlds",
        "hazards of half the size",
        "UNIT: Final = 4294967296.0",
        "UNIT: Final = 2147483648.0",
    ),
    Fault(
        "worlds",
        "worlds",
        "a trait that adds",
        "return np.exp(trait) * pushed",
        "return trait + pushed",
    ),
    Fault(
        "worlds",
        "worlds",
        "seeds forget their time",
        "at[d.seeded] = d.at[d.seeded][:, None]",
        "at[d.seeded] = -1",
    ),
    Fault(
        "resampling",
        "sandwich",
        "rows of all groups mixed",
        "np.add.at(summed, unit, slopes)",
        "np.add.at(summed, np.arange(unit.size) % units, slopes)",
    ),
    Fault(
        "resampling",
        "sandwich",
        "no correction for few groups",
        "units / (units - 1.0) * (",
        "1.0 * (",
    ),
    Fault(
        "resampling",
        "sandwich",
        "groups drawn without replacement",
        "many = count[chosen]",
        "chosen = np.arange(units)\n        many = count[chosen]",
    ),
    Fault(
        "rules",
        "rule",
        "ties of all count alike",
        "q if same else q * factor",
        "q",
    ),
    Fault(
        "rules",
        "rule",
        "a calendar one period off",
        "base = values[model.bin_of(d, periods)]",
        "base = np.roll(values[model.bin_of(d, periods)], 1)",
    ),
    Fault(
        "rules",
        "rule",
        "a lag that is not looked at",
        '"lag": 1,',
        '"lag": 2,',
    ),
    Fault(
        "mixed",
        "mixed",
        "a density that does not shrink as it widens",
        "- math.log(spread)\n",
        "\n",
    ),
    Fault(
        "mixed",
        "mixed",
        "a quadrature of another width",
        "u = self.modes + width * point",
        "u = self.modes + spread * point",
    ),
    Fault(
        "mixed",
        "mixed",
        "a gradient at the first point only",
        "by_row = share[q][self.group]",
        "by_row = share[0][self.group]",
    ),
    Fault(
        "mixed",
        "mixed",
        "a slope to the spread with the wrong sign",
        "slopes[q] = (u / spread) ** 2 - 1.0",
        "slopes[q] = 1.0 - (u / spread) ** 2",
    ),
    Fault(
        "mixed",
        "mixed",
        "effects of the wrong groups",
        "points, shares = of.points[:, of.group], of.shares[:, of.group]",
        "points, shares = of.points[:, of.group - 1], of.shares[:, of.group - 1]",
    ),
    Fault(
        "thresholds",
        "thresholds",
        "adopters of the same period always count",
        "d.adopted & together & (d.at >= 0)",
        "d.adopted & (d.at >= 0)",
    ),
    Fault(
        "thresholds",
        "thresholds",
        "seeds among adopters",
        "d.adopted & ~d.seeded",
        "d.adopted & (d.at >= 0)",
    ),
    Fault(
        "thresholds",
        "thresholds",
        "people without ties at 0",
        "exposed[everybody == 0.0] = np.nan",
        "pass",
    ),
    Fault(
        "playing_on",
        "forecast",
        "people lost early are played from the end of the record",
        "since=record.until + 1",
        "since=record.periods",
    ),
    Fault("playing_on", "forecast", "a period too few", "(at <= end)", "(at < end)"),
    Fault(
        "playing_on",
        "forecast",
        "the estimates are taken for the truth",
        "out[:, free] += np.round(special.ndtri(units[:, free]), 9) @ root.T",
        "pass",
    ),
)
