"""From what the runs of a test gave to its row of the verdict.

Effects in each world, the share of worlds in which they matter, the principal strata, what holds
by luck alone, what tells the worlds apart, what a second key, a null model and a calibrated
ensemble say.  Pure functions of arrays; called by `judge`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import OUTCOMES, chance, mean_interval, offset, paired_chances
from koubei_sim.model.scenario import composites, parameter_table
from koubei_sim.studies.claims import effects as effect
from koubei_sim.studies.claims.claim_file import Claim, Test
from koubei_sim.studies.claims.design import TAKE_OFF, Found
from koubei_sim.studies.maps.tree import splitting_tree

#: Worlds that a leaf of a splitting tree must have at least.
LEAF: Final = 8


def _offset(test: Test) -> float:
    return (offset(test.outcome) or 0.0) if test.model == "pyramid" else 0.0


def effects_of(test: Test, found: Found, given: str) -> effect.Effects:
    """Return effects world by world, of the pairs in which both arms take off (or of all).

    Raises
    ------
    KoubeiError
        For ratios of what a function of a user's own gives where it is 0 or below.
    """
    others = [found.values[name] for name in test.others]
    live = None
    if given == "take_off" and test.model == "pyramid" and not test.outcome.startswith(TAKE_OFF):
        live = [
            (found.taken[test.claimed] == 1.0) & (found.taken[name] == 1.0) for name in test.others
        ]
    own = test.model == "pyramid" and test.outcome.isidentifier() and test.outcome not in OUTCOMES
    if own and test.effect == "ratio":
        _check_ratios(test, found.values[test.claimed], others, live)
    return effect.effects(
        found.values[test.claimed], others, test.effect, test.better, _offset(test), live
    )


def _check_ratios(
    test: Test,
    claimed: NDArray[np.float64],
    others: Sequence[NDArray[np.float64]],
    live: Sequence[NDArray[np.bool_]] | None,
) -> None:
    """Refuse ratios of what a function gives where that is 0 or below in a pair that counts."""
    for at, other in enumerate(others):
        pairs = np.where(True if live is None else live[at], np.fmin(claimed, other), np.nan)
        lowest = np.fmin.reduce(pairs, axis=None, initial=math.inf)
        if lowest <= 0.0:
            raise KoubeiError(
                f"tests.{test.id}: effect", f"a ratio, but {test.outcome} is 0 or below in a run",
                got=f"{lowest:g}", fix='effect = "difference"',
            )  # fmt: skip


def judged(
    asked: Claim, test: Test, number: int, prior: Found, again: Mapping[str, Found]
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Return the row of one test, and the effects of the worlds that count."""
    rule, given = asked.decision, asked.prior.given
    row: dict[str, Any] = {
        "id": test.id,
        "main": test.main,
        "statement": test.statement,
        "model": test.model,
        "outcome": test.outcome,
        "effect": test.effect,
        "better": test.better,
        "smallest": test.smallest,
        "claimed": test.claimed,
        "against": list(test.others),
    }
    same = [name for name in test.others if test.arms[name] == test.arms[test.claimed]]
    if same:
        row["note"] = f"arms {test.claimed} and {same[0]} are the same: they cannot differ"
    if prior.absent:
        return {**row, "verdict": "absent", "why": prior.absent}, np.empty(0)
    made = effects_of(test, prior, given)
    judged = effect.judge_share(made.effect, test.smallest, rule.supported, rule.rejected)
    known = made.effect[np.isfinite(made.effect)]
    quantiles = np.quantile(known, [0.05, 0.5, 0.95]) if known.size else [math.nan] * 3
    mean = mean_interval(known, asked.key, number)
    row |= {
        "verdict": judged.verdict,
        "share": judged.share,
        "share_low": judged.low,
        "share_high": judged.high,
        "worlds": judged.worlds,
        "more": judged.more,
        "drawn": int(made.effect.size),
        "replicates": int(made.pairs.shape[1]),
        "refused": prior.refused,
        "effect_q05": float(quantiles[0]),
        "effect_median": float(quantiles[1]),
        "effect_q95": float(quantiles[2]),
        "effect_mean": mean.mean,
        "mean_low": mean.low,
        "mean_high": mean.high,
        "gain": made.gain,
        "noise": made.noise,
        "best_other": _best(test, made, np.isfinite(made.effect)),
    }
    if test.model == "pyramid":
        row |= _strata(test, prior, made.best) if given == "take_off" else {}
        row |= _chance_level(test, prior, given)
        row |= _told_apart(test, prior, made.effect, asked.key)
    if test.interaction:
        row["interaction"] = _interaction(test, prior, asked.key, number)
    for phase, found in again.items():
        row[phase] = asked_again(asked, test, found)
    row |= _settled(asked, test, row, made.effect, again)
    return row, known


def _strata(test: Test, found: Found, best: NDArray[np.int64]) -> dict[str, Any]:
    """Return how frequent the principal strata are, and what the claimed arm adds to take-off.

    Against the best of the others in each world; a world with several pairs counts once, with the
    means of these.
    """
    one = found.taken[test.claimed]
    worlds = np.arange(one.shape[0])
    other = np.stack([found.taken[name] for name in test.others])[best, worlds]
    known = np.isfinite(one) & np.isfinite(other)
    count = np.maximum(known.sum(axis=1), 1)
    kinds = {
        "both": (one == 1) & (other == 1), "only_claimed": (one == 1) & (other == 0),
        "only_other": (one == 0) & (other == 1), "neither": (one == 0) & (other == 0),
    }  # fmt: skip
    shares = {}
    for name, rows in kinds.items():
        share = float(((rows & known).sum(axis=1) / count).mean())
        around = chance(round(share * worlds.size), worlds.size)
        shares[name] = [share, around.low, around.high]
    gap = np.where(known, one - other, 0.0).sum(axis=1) / count
    gain = (
        paired_chances(one[:, 0], other[:, 0])
        if one.shape[1] == 1
        else mean_interval(gap, within=(-1.0, 1.0))
    )
    return {"strata": shares, "take_off_gain": [gain.mean, gain.low, gain.high]}


def _chance_level(test: Test, found: Found, given: str) -> dict[str, Any]:
    """Return how often the best other arm beats itself on other luck: the placebo."""
    arms = []
    for name in test.others:
        values = found.values[name]
        if given == "take_off" and not test.outcome.startswith(TAKE_OFF):
            values = np.where(found.taken[name] == 1.0, values, np.nan)
        arms.append(values)
    holds, of = effect.chance_level(arms, test.effect, test.better, test.smallest, _offset(test))
    level = chance(holds, of)
    return {"placebo": [level.mean, level.low, level.high], "placebo_worlds": of}


def _told_apart(test: Test, found: Found, effects: NDArray[np.float64], key: int) -> dict[str, Any]:
    """Return the composite (or else the parameter) that tells worlds in which it holds apart."""
    rows = np.flatnonzero(np.isfinite(effects)).tolist()
    holds = effects[rows] > test.smallest
    if found.base is None or min(int(holds.sum()), int((~holds).sum())) < LEAF:
        return {}
    known = {row.path for row in parameter_table(found.base)}
    columns = {
        path: values for path, values in found.columns.items()
        if path in known or path.rpartition(".")[0] in known
    }  # fmt: skip
    kept = [{path: values[row] for path, values in columns.items()} for row in rows]
    table = [composites(found.base.replace(**one)) for one in kept]
    features = {name: np.array([one[name] for one in table]) for name in table[0]}
    features = {
        name: values for name, values in features.items()
        if np.isfinite(values).all() and np.unique(values).size > 1
    }  # fmt: skip
    said: dict[str, Any] = {}
    if features:
        tree = splitting_tree(features, holds, depth=3, leaf=LEAF, key=key)
        score = tree.score
        said = {"tree": str(tree), "auc": [score.mean, score.low, score.high]}
    # Some twenty composites are asked before the hundred and more parameters that they are made of:
    # with as many worlds as there are, corrections for so many tests hide all but the strongest.
    asked: list[tuple[Any, NDArray[np.float64]]] = [
        (features, effects[rows]), (found.columns, effects)
    ]  # fmt: skip
    for columns_of, values in asked:
        splits = effect.splits(columns_of, values, test.smallest)
        if splits:
            return said | {"by": splits[0].path, "at": splits[0].at,
                           "splits": [one._asdict() for one in splits]}  # fmt: skip
    return said


def _interaction(test: Test, found: Found, key: int, number: int) -> dict[str, Any]:
    """Return whether a does more against b than c against d, on the chance of take-off."""
    taken = [found.taken[name].mean(axis=1) for name in test.interaction]
    gap = (taken[0] - taken[1]) - (taken[2] - taken[3])
    contrast = mean_interval(gap, key, 900 + number, within=(-2.0, 2.0))
    return {
        "arms": list(test.interaction),
        "take_off": [float(np.nanmean(each)) for each in taken],
        "contrast": [contrast.mean, contrast.low, contrast.high],
    }


def asked_again(asked: Claim, test: Test, found: Found) -> dict[str, Any]:
    """Return what the main test gives in another phase."""
    if found.absent:
        return {"verdict": "absent", "why": found.absent}
    rule = asked.decision
    made = effects_of(test, found, asked.prior.given)
    judged = effect.judge_share(made.effect, test.smallest, rule.supported, rule.rejected)
    known = made.effect[np.isfinite(made.effect)]
    median = float(np.median(known)) if known.size else math.nan
    return {
        "verdict": judged.verdict, "share": judged.share, "share_low": judged.low,
        "share_high": judged.high, "worlds": judged.worlds, "effect_median": median,
        **(_strata(test, found, made.best) if asked.prior.given == "take_off" else {}),
    }  # fmt: skip


def _settled(
    asked: Claim,
    test: Test,
    row: Mapping[str, Any],
    first: NDArray[np.float64],
    again: Mapping[str, Found],
) -> dict[str, Any]:
    """Return the verdict, whether the second key confirms it, and how many worlds would decide.

    Of the main test both keys are judged together, for their worlds share nothing; the second
    confirms where its own share lies on the same side of the lines.  What holds in the null model
    as surely is *wired*.  Where the share lies on a line, but something tells the worlds apart,
    the claim *differs* by it.
    """
    rule, verdict, confirmed = asked.decision, str(row["verdict"]), None
    more, pooled_of = int(row["more"]), dict[str, Any]()
    second = again.get("second")
    if second is not None and not second.absent:
        other = effects_of(test, second, asked.prior.given).effect
        both = np.concatenate([first, other])
        pooled = effect.judge_share(both, test.smallest, rule.supported, rule.rejected)
        verdict, more = pooled.verdict, pooled.more
        pooled_of = {"pooled": [pooled.share, pooled.low, pooled.high, pooled.worlds]}
        share = row["second"]["share"]
        confirmed = effect.side(share, rule.supported, rule.rejected) == effect.side(
            row["share"], rule.supported, rule.rejected
        )
    if verdict == "undecided" and "by" in row:
        verdict = "differs"
    null = row.get("null", {}).get("verdict")
    if verdict == "supported" and null == "supported":
        verdict = "wired"
    return {"verdict": verdict, "confirmed": confirmed, "more": more, **pooled_of}


def _best(test: Test, made: effect.Effects, live: NDArray[np.bool_]) -> dict[str, int]:
    counts = np.bincount(made.best[live], minlength=len(test.others))
    return {name: int(count) for name, count in zip(test.others, counts, strict=True)}
