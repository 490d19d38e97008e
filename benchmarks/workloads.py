"""The workloads that speed is quoted for, as scenarios; figures always name one of these.

W1 is a market of people on a forum and three feeds with 50 arcs a person, in which 40 to 50 %
are users after a year.  Cost follows *arcs heard* (arcs of all tellings), so that is stated
beside every figure.  `core` has only the core of the model on, `full` has every module on that
there was when W1 was fixed.  W2 is W1 full with every module that has come since.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from koubei_sim import Scenario

#: Also that of the claims; it stays as it is, so that figures of years can be compared.
MARKET: Final = Path(__file__).parent.parent / "experiments" / "market.toml"

# Modules that are no part of the core: off in `core`, on in `full`.
EXTRAS = (
    "attention", "backlog", "churn", "complaints", "dilution", "events", "expectations", "fatigue",
    "fidelity", "gate", "honour", "lapse", "leak", "media", "negativity", "novelty", "recovery",
    "referral", "reinforcement", "rejection", "relays", "rival", "service", "stay", "supply",
    "ties", "waiting",
)  # fmt: skip

_FAST: dict[str, Any] = {
    "ticks": 365,
    "channels.wechat.opens_at": 0,
    "channels.weibo.visibility": 0.2,
    "market.open_to_all": 30,
    "products.miui.scale_quality": 200.0,
    "products.miui.scale_difficulty": 200.0,
    "service.churn": 0.00012,
    "supply.start": 4,
}

_FULL: dict[str, Any] = {
    "channels.forum.persuasion": 0.3,
    "channels.forum.tell": 0.04,
    "channels.weibo.persuasion": 0.05,
    "channels.wechat.persuasion": 0.09,
    "channels.qzone.persuasion": 0.09,
    "channels.weibo.tell": 0.03,
    "channels.wechat.tell": 0.03,
    "channels.qzone.tell": 0.03,
    "media.company_account.end": 240,  # a campaign of sixty days
    "segments.newbie.reinforcement": 2,
    "products.miui.needs": 10,
    "products.miui.new_needs": 0.35,
    "products.miui.regressions": 0.3,
    "loyalty.bar_rise": 0.02,
    "loyalty.delight": 0.5,
    "channels.forum.dilution": 0.5,
    "telling.waiting": 0.1,
    "telling.scarcity_valence": 0.3,
    "telling.rejecter": 0.2,
    "telling.rejecter_days": 14,
    "telling.referral_reward": 0.2,
    "telling.referral_tell": 0.5,
    "telling.referral_taint": 0.2,
    "telling.referral_weak_taint": 0.3,
}

# By people, for a market of a million: scaled with it.
_SINCE_SCALED: dict[str, float] = {"goods.phone.units": 500.0, "seeding.per_day": 50.0}

_SINCE: dict[str, Any] = {
    "buying.arrivals": [{"day": 0, "rate": 0.001}],
    "buying.gift": 0.2,
    "buying.has_at_start": 0.5,
    "buying.price_weight": 1.0,
    "buying.tribe_weight": 1.0,
    "buying.vote_weight": 1.0,
    "buying.word_weight": 2.0,
    "channels.forum.interest": 0.01,
    "channels.forum.lurkers": 0.5,
    "channels.forum.moderation": 0.2,
    "channels.qzone.retelling_force": 0.5,
    "channels.weibo.share": 0.002,
    "channels.weibo.amplify": 3,
    "channels.weibo.amplify_visibility": 0.01,
    "channels.weibo.surprise_gain": 2.0,
    "channels.weibo.surprises": 20.0,
    "events.wave": {
        "channel": "weibo",
        "start": 100,
        "length": 20,
        "lift_visibility": 0.5,
        "ride": 0.3,
        "ride_lift": 3.0,
        "lift_retelling": 2.0,
        "talking_point": 0.3,
        "winners": 20.0,
        "prize": 5.0,
        "loss": 0.05,
    },
    "goods.phone": {
        "product": "miui",
        "price": 1999.0,
        "quality": 0.8,
        "launch_at": 180,
        "every": 7,
        "accessories": 0.01,
        "trials": 100.0,
        "trials_at": 170,
    },
    "hearing.forget_half_life": 120.0,
    "loyalty.belonging": 0.2,
    "loyalty.pull": 0.5,
    "loyalty.tribe": "wechat",
    "market.copied": 3.0,
    "media.company_account.follow": 0.1,
    "media.company_account.lifted": True,
    "media.company_account.posts": 3.0,
    "media.company_account.unfollow": 0.02,
    "nodes.vote.vote": True,
    "participation.hunting": 0.2,
    "products.miui.bar_expert": 0.1,
    "products.miui.effort": 0.05,
    "products.miui.own_work": 0.001,
    "products.miui.price": 0.05,
    "seeding.stay": True,
    "segments.newbie.opens_at": 30,
    "segments.newbie.tell": 0.9,
    "service.deed_learning": 0.1,
    "service.deed_story": 0.2,
    "service.minutes_per_reply": 10.0,
    "service.staff": 50.0,
    "telling.appeal_sigma": 1.0,
    "telling.bond": 0.2,
    "telling.bond_gain": 0.1,
    "telling.bond_half_life": 60.0,
    "telling.referral_crowding": 0.5,
}

_CORE: dict[str, Any] = {
    "channels.forum.persuasion": 0.1,
    "channels.forum.tell": 0.03,
    "channels.weibo.persuasion": 0.03,
    "channels.wechat.persuasion": 0.048,
    "channels.qzone.persuasion": 0.048,
    "channels.weibo.tell": 0.0165,
    "channels.wechat.tell": 0.0165,
    "channels.qzone.tell": 0.0165,
}


def w1(*, full: bool, n: int = 1_000_000) -> Scenario:
    """Return W1 for `n` people (one seed per thousand), every module on or the core only."""
    scale = n / 1_000_000
    base = Scenario.load(MARKET).replace(
        **_FAST,
        **{"seeding.number": max(20, round(1000 * scale))},
        n_agents=n,
        milestones=(),
    )
    if full:
        return base.replace(
            **_FULL,
            **{"supply.units": 60_000.0 * scale, "supply.rounds": ()},
        )
    return base.neutral(*EXTRAS).replace(**_CORE)


def w2(n: int = 1_000_000) -> Scenario:
    """Return W2 for `n` people: no module of the library is off."""
    scaled = {path: value * n / 1_000_000 for path, value in _SINCE_SCALED.items()}
    return w1(full=True, n=n).replace(**_SINCE, **scaled)


def quiet(n: int = 10_000_000) -> Scenario:
    """Return a year in which next to nothing is heard: a hundred seeds who rarely speak."""
    return w1(full=False, n=n).replace(
        **{
            "seeding.number": 100,
            "channels.forum.tell": 0.0005,
            "channels.weibo.tell": 0.0005,
            "channels.wechat.tell": 0.0005,
            "channels.qzone.tell": 0.0005,
        }
    )
