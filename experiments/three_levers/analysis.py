"""Tables of the study of three levers, from its runs alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shares import lever_shares, parts, resampled

from koubei_sim.metrics import chance
from koubei_sim.studies import splitting_tree
from koubei_sim.studies.compare.strata import effect, strata
from koubei_sim.studies.decide.information import (
    features_of,
    gain_of_luck,
    gain_of_parameters,
)
from worlds import HORIZON, LEVELS, NAMES, SEEDS

FloatArray = NDArray[np.float64]
SHAPE: Final = tuple(len(levels) for levels in LEVELS)
TAKEN, USERS, LOYAL = f"take_off@{HORIZON}", f"users@{HORIZON}", f"loyal@{HORIZON}"
#: Numbers of ordinary seeds that are held against a hundred pure ones.
NUMBERS: Final = (50, 100, 150, 200, 300, 450, 700, 1000)
TIMES: Final = 400
#: Users by which the worth of seeds is measured: a bar that does not move with their number, as
#: that of take-off does (ten times the seeds).
GOAL: Final = 1_000


def _row(found: dict[str, Any], *levels: str) -> int:
    return int(found["designs"].index(levels))


def _pure_and_ordinary(found: dict[str, Any]) -> tuple[int, int]:
    return (
        _row(found, "pure", "all at once", "balanced"),
        _row(found, "ordinary", "all at once", "balanced"),
    )


def strata_table(found: dict[str, Any], parts_of: int = 4) -> pd.DataFrame:
    """Return in which worlds pure seeds decide about take-off: by margin, and by speed."""
    one, other = _pure_and_ordinary(found)
    taken, worlds = found["preset"][TAKEN] == 1.0, found["worlds"]
    users = found["preset"][USERS]
    kinds = strata(taken[one], taken[other])
    groups = [("all", "", np.ones(worlds.number, dtype=bool))]
    for name, places, edges in (
        ("margin of a newbie", worlds.margin, worlds.edges[0]),
        ("reproduction number", worlds.speed, np.exp(worlds.edges[1])),
    ):
        cuts = np.linspace(0, len(edges) - 1, parts_of + 1).astype(int)
        for low, high in pairwise(cuts):
            said = f"{edges[low]:.2g} .. {edges[high]:.2g}"
            groups.append((name, said, (places >= low) & (places < high)))
    rows = []
    for name, said, inside in groups:
        row: dict[str, Any] = {"by": name, "from .. to": said, "worlds": int(inside.sum())}
        for kind, word in enumerate(("both", "only pure", "only ordinary", "neither")):
            share = chance(kinds[inside] == kind)
            row[word] = f"{share.mean:.2f} ({share.low:.2f} .. {share.high:.2f})"
        both = inside & (kinds == 0)
        gap = effect("users", users[one][both], users[other][both])
        row["users, both take off"] = (
            f"x {gap.estimate:.2f} ({gap.low:.2f} .. {gap.high:.2f})"
            if np.isfinite(gap.low)
            else ""
        )
        rows.append(row)
    return pd.DataFrame(rows)


def chances(found: dict[str, Any]) -> pd.DataFrame:
    """Return the chance of take-off by level of each lever, over all levels of the others."""
    taken = found["preset"][TAKEN].reshape(*SHAPE, -1)
    rows = []
    for lever, (name, levels) in enumerate(zip(NAMES, LEVELS, strict=True)):
        others = tuple(axis for axis in range(3) if axis != lever)
        by_world = taken.mean(axis=others)  # [levels, worlds]
        draws = resampled(by_world.shape[1], lever)
        for level, values in zip(levels, by_world, strict=True):
            low, high = np.quantile([values[rows_].mean() for rows_ in draws], [0.025, 0.975])
            rows.append({"lever": name, "level": level, "chance": values.mean(),
                         "low": low, "high": high})  # fmt: skip
    return pd.DataFrame(rows)


def surface(found: dict[str, Any]) -> pd.DataFrame:
    """Return the chance of take-off by purity and interaction, and the contrast of the corners."""
    taken = found["preset"][TAKEN].reshape(*SHAPE, -1).mean(axis=1)  # [purity, interaction, W]
    rows = []
    for place, level in enumerate(LEVELS[0]):
        row: dict[str, Any] = {"purity": level}
        for column, interaction in enumerate(LEVELS[2]):
            row[interaction] = float(taken[place, column].mean())
        gain = taken[place, 1] - taken[place, 3]
        row["balanced less rewards and fun"] = _said(gain, place)
        rows.append(row)
    contrast = (taken[2, 1] - taken[2, 3]) - (taken[0, 1] - taken[0, 3])
    rows.append(
        {"purity": "pure less ordinary", "balanced less rewards and fun": _said(contrast, 9)}
    )
    return pd.DataFrame(rows)


def _said(values: FloatArray, key: int) -> str:
    draws = [values[rows].mean() for rows in resampled(values.size, key)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{values.mean():+.2f} ({low:+.2f} .. {high:+.2f})"


def _outcomes(made: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {
        "take-off": made[TAKEN],
        "log users": np.log1p(made[USERS]),
        "log loyal": np.log1p(made[LOYAL]),
    }


def shares_table(found: dict[str, Any]) -> pd.DataFrame:
    """Return the share of each lever by network and outcome, and the largest interaction."""
    rows = []
    made = {name: found[name] for name in ("preset", *_networks(found))}
    made |= {f"without {name}": each for name, each in found["without"].items()}
    for network, values in made.items():
        for outcome, each in _outcomes(values).items():
            cube = each.reshape(*SHAPE, -1)
            shares, all_of_it = lever_shares(cube)
            draws = [
                lever_shares(cube[..., rows_])[0] for rows_ in resampled(cube.shape[-1], 1, 200)
            ]
            low, high = np.quantile(draws, [0.05, 0.95], axis=0)
            row: dict[str, Any] = {"network": network, "outcome": outcome}
            for lever, name in enumerate(NAMES):
                row[name] = f"{shares[lever]:.2f} ({low[lever]:.2f} .. {high[lever]:.2f})"
            sizes = {s: float(size.mean()) for s, size in parts(cube).items()}
            total = sum(sizes.values())
            pairs = {s: size / total if total else 0.0 for s, size in sizes.items() if len(s) > 1}
            most = max(pairs, key=lambda s: pairs[s])
            row["levers, of all variance"] = all_of_it
            row["largest interaction"] = (
                f"{' x '.join(NAMES[k].split(' ')[0] for k in most)} {pairs[most]:.2f}"
            )
            rows.append(row)
    return pd.DataFrame(rows)


def _networks(found: dict[str, Any]) -> list[str]:
    known = ("random", "circles", "followers", "university", "music service")
    return [name for name in known if name in found]


def _regret(users: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return regret [designs, worlds] in users, and how often each is the best."""
    best = users.max(axis=0)
    tied = users == best
    return best - users, (tied / tied.sum(axis=0)).mean(axis=1)


def designs_table(found: dict[str, Any]) -> pd.DataFrame:
    """Return designs by expected users: chance of take-off, P(best), regret."""
    users, taken = found["preset"][USERS], found["preset"][TAKEN]
    regret, best = _regret(users)
    mean = users.mean(axis=1)
    order = np.argsort(-mean, kind="stable")
    rows = []
    for place in [*order[:5], order[-1]]:
        share = chance(taken[place])
        rows.append(
            {
                "design": " / ".join(found["designs"][place]),
                "takes off": f"{share.mean:.2f} ({share.low:.2f} .. {share.high:.2f})",
                "expected users": mean[place],
                "P(best)": best[place],
                "mean regret": regret[place].mean(),
                "largest regret": regret[place].max(),
            }
        )
    return pd.DataFrame(rows)


def information(found: dict[str, Any]) -> pd.DataFrame:
    """Return what knowing a world, or one composite, would add to expected users."""
    users, worlds = found["preset"][USERS], found["worlds"]
    best = float(users.mean(axis=1).max())
    know = gain_of_luck(users[:, :, None])
    rows = [{"known": "the world and its luck", "gain": know.mean / best,
             "low": know.low / best, "high": know.high / best}]  # fmt: skip
    for name, values in worlds.composites.items():
        if np.unique(values).size < 8:
            continue
        read = features_of({name: values.tolist()}, [name])
        gain = gain_of_parameters(users, read)
        rows.append({"known": f"`{name}`", "gain": gain.mean / best,
                     "low": gain.low / best, "high": gain.high / best})  # fmt: skip
    table = pd.DataFrame(rows)
    return pd.concat([table.iloc[:1], table.iloc[1:].sort_values("gain", ascending=False).head(5)])


def exchange(found: dict[str, Any]) -> pd.DataFrame:
    """Return how many ordinary seeds give what a hundred pure ones give, by halves of the margin.

    The root of the mean over worlds, between the numbers that were run, in the logarithm; interval:
    bootstrap over worlds.  Half a seed, the least number that was run, stands for that or less.
    """
    made, worlds = found["seeds"], found["worlds"]
    half = np.median(worlds.margin)
    groups = {
        "all": np.ones(worlds.number, dtype=bool),
        "margin below its median": worlds.margin < half,
        "margin above": worlds.margin >= half,
    }
    rows = []
    for name, inside in groups.items():
        reached = (made[USERS] >= GOAL).astype(float)
        for outcome, values in (
            (f"chance of {GOAL:,} users", reached), ("log users", np.log1p(made[USERS])),
        ):  # fmt: skip
            one = values[:, inside]
            draws = [_root(one[:, rows_]) for rows_ in resampled(int(inside.sum()), 3, TIMES)]
            known = np.array(draws)[np.isfinite(draws)]
            low, high = np.quantile(draws, [0.025, 0.975], method="nearest")
            rows.append(
                {
                    "worlds": f"{name} ({int(inside.sum())})", "equal in": outcome,
                    "a hundred pure": one[0].mean(), "a hundred ordinary": one[2].mean(),
                    "ordinary seeds for one pure": _root(one) / SEEDS,
                    "low": low / SEEDS, "high": high / SEEDS,
                    "found in": f"{known.size / TIMES:.0%} of samples",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _root(values: FloatArray) -> float:
    """Return the number of ordinary seeds at which the mean is that of the pure ones (row 0)."""
    wanted, means = values[0].mean(), values[1:].mean(axis=1)
    means = np.maximum.accumulate(means)  # more seeds never hurt here; what falls is luck
    if means[-1] < wanted:
        return np.inf
    if means[0] >= wanted:
        return float(NUMBERS[0])
    return float(np.exp(np.interp(wanted, means, np.log(NUMBERS))))


def agreement(found: dict[str, Any]) -> pd.DataFrame:
    """Return rank correlations of designs, by chance of take-off and by log users."""
    base = found["preset"]
    order = {"take-off": base[TAKEN].mean(axis=1), "users": np.log1p(base[USERS]).mean(axis=1)}
    rows = []

    def add(name: str, made: dict[str, FloatArray], rows_of: Any = slice(None)) -> None:
        rows.append(
            {
                "against": name,
                "designs": len(made[TAKEN]),
                "worlds": made[TAKEN].shape[1],
                "take-off": _ranked(order["take-off"][rows_of], made[TAKEN].mean(axis=1)),
                "log users": _ranked(order["users"][rows_of], np.log1p(made[USERS]).mean(axis=1)),
            }
        )

    add("second key", found["second"])
    for name in _networks(found):
        add(name, found[name])
    for people, (rows_of, _, made) in found["sizes"].items():
        add(f"{people:,} people", made, rows_of)
    for words, year, made in (("1 year", 1, base), ("4 years", 4, found["long"])):
        add(words, {TAKEN: made[f"take_off@{365 * year}"], USERS: made[f"users@{365 * year}"]})
    for name, made in found["without"].items():
        add(f"without {name}", made)
    return pd.DataFrame(rows)


def confirmed(found: dict[str, Any]) -> pd.DataFrame:
    """Return contrasts of levels in the chance of take-off: on the first key, and on the second.

    What the first key is sure of is confirmed where the second is sure of the same sign.
    """

    def level(lever: int, one: str) -> Any:
        return lambda cube: cube.take(LEVELS[lever].index(one), axis=lever).mean(axis=(0, 1))

    def less(lever: int, one: str, other: str) -> Any:
        first, second = level(lever, one), level(lever, other)
        return lambda cube: first(cube) - second(cube)

    def contrast(cube: FloatArray) -> FloatArray:
        each = cube.mean(axis=1)
        return np.asarray((each[2, 1] - each[2, 3]) - (each[0, 1] - each[0, 3]))

    said = {
        "pure less ordinary seeds": less(0, "pure", "ordinary"),
        "all at once less forum first": less(1, "all at once", "forum first"),
        "all at once less feeds first": less(1, "all at once", "feeds first"),
        "forum first less feeds first": less(1, "forum first", "feeds first"),
        "balanced less little": less(2, "balanced", "little"),
        "balanced less rewards and fun": less(2, "balanced", "rewards and fun"),
        "easy and true less balanced": less(2, "easy and true", "balanced"),
        "purity x (balanced less rewards and fun)": contrast,
    }
    rows = []
    for words, of in said.items():
        row: dict[str, Any] = {"chance of take-off": words}
        signs = []
        for key, made in (("first key", found["preset"]), ("second key", found["second"])):
            values = of(made[TAKEN].reshape(*SHAPE, -1))
            row[key] = _said(values, 11)
            low, high = np.quantile(
                [values[rows_].mean() for rows_ in resampled(values.size, 11)], [0.025, 0.975]
            )
            signs.append(int(low > 0.0) - int(high < 0.0))
        row["so"] = "confirmed" if signs[0] == signs[1] else "not confirmed"
        if signs[0] == 0:
            row["so"] = "nothing said"
        rows.append(row)
    return pd.DataFrame(rows)


def _ranked(one: FloatArray, other: FloatArray) -> float:
    from scipy.stats import spearmanr

    if np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return float("nan")
    return float(spearmanr(one, other).statistic)


def told_tree(found: dict[str, Any]) -> str:
    """Return what tells apart worlds in which pure seeds decide, among those that can take off."""
    one, other = _pure_and_ordinary(found)
    taken = found["preset"][TAKEN] == 1.0
    live = taken[one] | taken[other]
    decides = (taken[one] & ~taken[other])[live]
    features = {name: values[live] for name, values in found["worlds"].composites.items()}
    if min(int(decides.sum()), int((~decides).sum())) < 8:
        return f"{int(decides.sum())} of {int(live.sum())} worlds: too few to split"
    return str(splitting_tree(features, decides, depth=3, leaf=6, key=1))
