"""Hypothesis strategy `scenarios()`: small valid scenarios in which things happen.

Every parameter of the specification is drawn (`test_spec_strategy.py` checks that), each mechanism
is on in about half of the scenarios, and rates are high enough to matter within a few weeks.
Only networks from files are left out, because a scenario must not depend on files.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from koubei_sim.model.scenario import Scenario

INF = float("inf")
CHANNEL_NAMES = ("forum", "weibo", "wechat", "qzone", "tieba", "party", "mail", "wall")
FACTORS = ("join", "tell", "leave", "gain")
KINDS = ("follow", "small_world", "configuration", "barabasi_albert", "erdos_renyi", "ring")


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """A number in [low, high], often one of the ends."""
    return st.one_of(
        st.floats(low, high, allow_nan=False), st.sampled_from((float(low), float(high)))
    )


def perhaps(value: st.SearchStrategy[Any], neutral: Any) -> st.SearchStrategy[Any]:
    """The value, or in about a third of the cases its neutral value."""
    return st.one_of(value, value, st.just(neutral))


def whole(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


@st.composite
def some(draw: st.DrawFn, values: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """One of the listed values of each entry, all by one number, so that draws stay few."""
    size = 1
    for listed in values.values():
        size *= len(listed)
    number, found = draw(whole(0, size - 1)), {}
    for name, listed in values.items():
        number, k = divmod(number, len(listed))
        found[name] = listed[k]
    return found


@st.composite
def _segments(draw: st.DrawFn, channels: list[str]) -> dict[str, Any]:
    enthusiasts = draw(whole(1, 2))
    newbies = draw(whole(1, 2))
    share = draw(between(0.35, 0.65))
    parts: dict[str, Any] = {}
    for number in range(enthusiasts + newbies):
        enthusiast = number < enthusiasts
        size = share / enthusiasts if enthusiast else (1.0 - share) / newbies
        median = draw(perhaps(between(500.0, 4000.0), INF))
        parts[f"group{number}"] = {
            "share": size,
            "enthusiast": enthusiast,
            "expertise_a": draw(between(0.5, 8.0)),
            "expertise_b": draw(between(0.5, 8.0)),
            "activity_sigma": draw(perhaps(between(0.2, 1.5), 0.0)),
            "membership": {c: draw(perhaps(between(0.5, 1.0), 1.0)) for c in channels},
            "reading_budget": draw(st.sampled_from((INF, INF, 3.0, 8.0))),
            "income_median": median,
            "income_sigma": 0.0 if median == INF else draw(perhaps(between(0.1, 1.0), 0.0)),
            "reinforcement": draw(st.sampled_from((1, 1, 1, 1, 2))),
            "reinforcement_share": draw(st.sampled_from((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2))),
            **{name: draw(perhaps(between(0.0, 2.5), 1.0)) for name in FACTORS},
            "opens_at": 0 if enthusiast else (0, 3, 0, 10)[number % 4],
        }
    return parts


@st.composite
def _network(draw: st.DrawFn, n: int, full: bool) -> dict[str, Any]:
    kinds = [*KINDS, "lattice"] + (["complete"] if n <= 200 else [])
    kind = draw(st.sampled_from(kinds))
    rows = next(r for r in range(int(n**0.5), 0, -1) if n % r == 0) if full else 1
    return {
        "kind": kind,
        "mean_degree": draw(between(4.0, 16.0)),
        "exponent": draw(between(2.1, 4.0)),
        "rewire": draw(between(0.0, 0.5)),
        "community_size": draw(whole(4, 60)),
        "audience_cap": draw(perhaps(between(0.05, 0.5), 1.0)),
        "homophily": draw(perhaps(between(0.1, 0.9), 0.0)),
        "directed": draw(st.booleans()) if kind == "erdos_renyi" else False,
        "rows": rows,
        "moore": draw(st.booleans()),
    }


@st.composite
def _channel(draw: st.DrawFn, n: int, ticks: int, online: float, full: bool) -> dict[str, Any]:
    board = draw(st.sampled_from((False, False, True)))
    parts: dict[str, Any] = {
        "medium": "board" if board else "feed",
        "visibility": draw(between(0.5, 1.0)),
        "persuasion": draw(between(0.4, 1.0)),
        "tell": draw(between(0.2, 1.0)) * online,
        "fidelity": draw(perhaps(between(0.3, 0.99), 1.0)),
        "half_life": draw(st.sampled_from((2.0, 10.0, 10.0, 30.0, INF))),
        "background_load": draw(perhaps(between(0.0, 4.0), 0.0)),
        "opens_at": draw(st.one_of(st.just(0), st.just(0), whole(0, ticks // 2))),
        "reply": draw(perhaps(between(0.2, 1.0), 0.0)),
        "dilution": draw(perhaps(between(0.2, 3.0), 0.0)),
        "service_capacity": draw(perhaps(between(1.0, 3.0), 0.0)),
        **draw(
            some(
                {
                    "share": (0.0, 0.1, 1.0),
                    "share_force": (0.5, 0.0, 1.0),
                    "staff_share": (1.0, 0.0, 2.5),
                    "retelling": (1.0, 0.0, 2.7),
                    "retelling_force": (1.0, 0.0, 1.8),
                }
            )
        ),
        "surprises": draw(perhaps(between(0.2, 5.0), 0.0)),
        "surprise_gain": draw(between(0.0, 4.0)),
        "surprise_cost": draw(between(0.0, 10.0)),
        "moderation": draw(perhaps(between(0.05, 2.0), 0.0)),
        "service_public": draw(st.booleans()),
        "staff_cost": draw(perhaps(between(1.0, 100.0), 0.0)),
        "amplify": draw(st.sampled_from((0, 0, 1, 3))),
        "amplify_visibility": draw(between(0.01, 1.0)),
        "amplify_cost": draw(between(0.0, 10.0)),
    }
    if board:
        parts |= {
            "readers_per_post": draw(between(1.0, 2.0 * n)),
            "reading": draw(perhaps(between(1.0, 20.0), INF)),
            "join_on_adoption": draw(perhaps(between(0.1, 1.0), 0.0)),
            "members_at_start": draw(perhaps(between(0.0, 0.9), 1.0)),
            "interest": draw(perhaps(between(0.01, 1.0), 0.0)),
            "lurkers": draw(perhaps(between(0.1, 1.0), 0.0)),
        }
    else:
        parts |= {
            "network": draw(_network(n, full)),
            "tie": draw(st.sampled_from(("none", "overlap"))),
            "tie_floor": draw(perhaps(between(0.0, 0.9), 1.0)),
        }
    return parts


@st.composite
def _product(draw: st.DrawFn, number: int, ticks: int, groups: int) -> dict[str, Any]:
    return {
        "quality": draw(between(0.4, 0.9)),
        "difficulty": draw(between(0.1, 0.6)),
        "launch_at": 0 if number == 0 else draw(whole(0, ticks)),
        "release_interval": draw(whole(1, 14)),
        "reading_capacity": draw(st.sampled_from((0.0, 3.0, 10.0, 100.0, INF))),
        "learn_quality": draw(perhaps(between(0.1, 1.0), 0.0)),
        "learn_difficulty": draw(perhaps(between(0.1, 1.0), 0.0)),
        "own_work": draw(perhaps(between(0.01, 0.3), 0.0)),
        "bar_expert": draw(perhaps(between(-0.5, 0.5), 0.0)),
        "scale_quality": draw(between(1.0, 20.0)),
        "scale_difficulty": draw(between(1.0, 20.0)),
        "visible_progress": draw(between(0.0, 0.05)),
        "needs": draw(perhaps(whole(1, 12), 0)),
        "new_needs": draw(perhaps(between(0.05, 2.0), 0.0)),
        "need_share": draw(between(0.05, 0.6)),
        "need_exponent": draw(between(1.1, 4.0)),
        "need_severity": draw(between(0.02, 0.3)),
        "expert_needs": draw(between(0.0, 1.0)),
        "fixes": draw(whole(0, 6)),
        "fix_rule": draw(st.sampled_from(("most_asked", "loudest", "severest", "random"))),
        "regressions": draw(perhaps(between(0.1, 0.9), 0.0)),
        "bar": draw(st.sampled_from((0.0, 0.3, 0.5, 0.8))),
        "price": draw(perhaps(between(100.0, 1000.0), 0.0)),
        "effort": draw(perhaps(between(0.05, 0.2), 0.0)),
        "taste_group": draw(st.one_of(st.none(), whole(0, groups - 1))),
    }


@st.composite
def _node(draw: st.DrawFn, ticks: int, channels: list[str]) -> dict[str, Any]:
    return {
        "need": draw(between(0.3, 1.0)),
        "simple": draw(between(0.0, 1.0)),
        "rewarding": draw(between(0.2, 1.0)),
        "fun": draw(between(0.0, 1.0)),
        "authentic": draw(between(0.1, 1.0)),
        "vote": draw(st.booleans()),
        "gives_reports": draw(st.sampled_from((True, True, False))),
        "channel": draw(st.one_of(st.none(), st.sampled_from(channels))),
        "opens_at": draw(perhaps(whole(0, ticks), 0)),
        "design_cost": draw(perhaps(between(1.0, 100.0), 0.0)),
    }


@st.composite
def _events(draw: st.DrawFn, ticks: int, channels: dict[str, Any]) -> dict[str, Any]:
    """At most one event with a gain, one placebo and one meeting: they cannot collide."""
    found: dict[str, Any] = {}
    for name in ("festival", "placebo", "meeting"):
        if not draw(st.booleans()):
            continue
        length = 1 if name == "meeting" else draw(whole(1, 7))
        channel = draw(st.sampled_from(sorted(channels)))
        offline = name == "meeting"
        found[name] = {
            "channel": channel,
            "start": draw(whole(0, ticks // 3)),
            "length": length,
            "every": draw(st.sampled_from((0, 7, 7, 10))),
            "lift_tell": draw(between(0.5, 4.0)),
            "lift_visibility": draw(between(0.5, 3.0)),
            **draw(
                some(
                    {
                        "lift_retelling": (1.0, 0.3, 3.9),
                        "talking_point": (0.0, 0.2, 0.9),
                        "winners": (0.0, 1.0, 3.3) if name == "festival" else (0.0,),
                        "prize": (1.0, 0.0, 4.4),
                        "loss": (0.0, 0.3, 0.9),
                        "prize_cost": (0.0, 7.7),
                        "visit": (0.0, 0.4, 1.0) if offline else (0.0,),
                    }
                )
            ),
            "ride": draw(between(0.1, 1.0)) if name == "festival" else 0.0,
            "ride_lift": draw(between(0.0, 10.0)),
            "fade": draw(st.sampled_from((INF, INF, 0.7, 3.0))),
            "gain": draw(between(0.1, 5.0)) if name == "festival" else 0.0,
            "saturation": draw(between(0.1, 5.0)),
            "offline": offline,
            "attend": draw(between(0.3, 1.0)),
            "size_cap": draw(whole(0, 30)),
            "meet_gain": draw(perhaps(between(0.1, 5.0), 0.0)),
            "new_ties": draw(whole(1, 3)) if channels[channel]["medium"] == "feed" else 0,
            "cost": draw(between(0.0, 100.0)),
            "cost_per_head": draw(between(0.0, 10.0)),
        }
    return found


@st.composite
def _media(draw: st.DrawFn, ticks: int, channels: list[str], products: list[str]) -> dict[str, Any]:
    start = draw(whole(0, ticks))
    return {
        "channel": draw(st.sampled_from(channels)),
        "product": draw(st.one_of(st.none(), st.sampled_from(products))),
        "start": start,
        "end": draw(st.one_of(st.none(), whole(start, ticks))),
        "visibility": draw(between(0.001, 1.0)),
        "persuasion": draw(between(0.001, 0.5)),
        "cost_per_day": draw(between(0.0, 100.0)),
        "cost_per_member": draw(between(0.0, 1.0)),
        "lead": draw(perhaps(between(0.0, 3.0), 1.0)),
        "follow": draw(perhaps(between(0.1, 2.0), 0.0)),
        "forget": draw(between(0.0, 1.0)),
        "notice": draw(between(0.0, 20.0)),
        "lifted": draw(st.booleans()),
        "posts": draw(perhaps(between(0.0, 10.0), 1.0)),
        "unfollow": draw(perhaps(between(0.01, 1.0), 0.0)),
        "tolerance": draw(between(0.0, 5.0)),
        "cost_per_post": draw(between(0.0, 10.0)),
    }


@st.composite
def _conduct(draw: st.DrawFn, online: float, feeds: list[str]) -> dict[str, Any]:
    fours = st.lists(between(0.7, 4.0), min_size=4, max_size=4)
    shares = st.lists(between(0.5, 1.0), min_size=4, max_size=4)
    half_life = st.sampled_from((INF, INF, 5.0, 20.0, 60.0))
    days = whole(0, 15)
    tiers = sorted(draw(st.lists(between(0.3, 6.0), min_size=3, max_size=3)))
    gain = perhaps(between(0.1, 3.0), 0.0)
    return {
        "participation": {
            "online": online,
            "join": draw(perhaps(between(0.1, 2.0), 0.0)),
            "join_fatigue": draw(perhaps(between(0.5, 0.99), 1.0)),
            "fatigue_half_life": draw(half_life),
            "story_life": draw(days),
            "report_loss": draw(perhaps(between(0.1, 1.0), 0.0)),
            "reward_taint": draw(perhaps(between(0.1, 1.0), 0.0)),
            "hunting": draw(st.sampled_from((0.0, 0.4, 1.0))),
        },
        "telling": {
            "tier_factor": draw(fours),
            "credibility": draw(shares),
            "plain_authenticity": draw(perhaps(between(0.6, 0.9), 1.0)),
            "novelty_half_life": draw(half_life),
            "novelty_floor": draw(between(0.0, 1.0)),
            "repeat_fatigue": draw(perhaps(st.sampled_from((0.0, 0.8, 0.95, 0.99)), 1.0)),
            "negativity": draw(perhaps(between(1.0, 8.0), 0.0)),
            "relay": draw(perhaps(between(0.5, 2.0), 0.0)),
            "relay_days": draw(whole(0, 20)),
            "relay_credibility": draw(between(0.1, 1.0)),
            "waiting": draw(perhaps(between(0.5, 2.0), 0.0)),
            "scarcity_valence": draw(st.sampled_from((-1.0, -0.4, 0.0, 0.3, 1.0))),
            "rejecter": draw(perhaps(between(0.5, 2.0), 0.0)),
            "rejecter_days": draw(whole(0, 30)),
            "rejecter_credibility": draw(between(0.1, 1.0)),
            "referral_reward": draw(perhaps(between(0.1, 1.0), 0.0)),
            "referral_tell": draw(between(0.0, 2.0)),
            "referral_taint": draw(between(0.0, 1.0)),
            "referral_weak_taint": draw(between(0.0, 1.0)),
            "referral_crowding": draw(perhaps(between(0.2, 4.0), 0.0)),
            "appeal_sigma": draw(perhaps(between(0.2, 2.0), 0.0)),
            **draw(
                some(
                    {
                        "bond": (0.0, 0.3, 1.0),
                        "bond_half_life": (INF, 5.0, 20.0),
                        "bond_gain": (0.0, 0.8, 7.0),
                    }
                )
            ),
        },
        "hearing": {
            "memory_half_life": draw(half_life),
            "forget_half_life": draw(half_life),
        },
        "loyalty": {
            "base_half_life": draw(half_life),
            "loyal": tiers[0],
            "die_hard": tiers[1],
            "core": tiers[2],
            "keep": draw(between(0.0, 1.0)),
            "bonus": draw(perhaps(between(0.1, 1.0), 0.0)),
            "newcomer": draw(gain),
            "recruit_gain": draw(gain),
            "reply_gain": draw(gain),
            "complaint_gain": draw(gain),
            "honour_gain": draw(gain),
            "bar_rise": draw(perhaps(between(0.01, 0.5), 0.0)),
            "delight": draw(perhaps(between(0.1, 3.0), 0.0)),
            "promoter": draw(perhaps(between(0.05, 0.5), 0.0)),
            "release_story": draw(perhaps(between(0.1, 1.0), 0.0)),
            "tribe": draw(st.one_of(st.none(), st.sampled_from(feeds))) if feeds else None,
            "belonging": draw(perhaps(between(0.1, 1.0), 0.0)),
            "pull": draw(perhaps(between(0.1, 8.0), 0.0)),
        },
        "service": {
            "complaint": draw(perhaps(between(2.0, 9.0), 0.0)),
            "patience": draw(whole(0, 2)),
            "answer_success": draw(between(0.3, 1.0)),
            "answer_half_life": draw(st.sampled_from((INF, 0.3, 2.0))),
            "bonus": draw(perhaps(between(0.1, 1.0), 0.0)),
            "bonus_days": draw(days),
            "answer_gain": draw(gain),
            "squeaky_wheel": draw(perhaps(between(0.2, 3.0), 0.0)),
            "lapse": draw(perhaps(between(0.02, 0.2), 0.0)),
            "churn": draw(perhaps(between(0.005, 0.05), 0.0)),
            "stay": draw(st.lists(between(0.0, 1.0), min_size=4, max_size=4)),
            "lapsed_return": draw(perhaps(whole(1, 15), 0)),
            **draw(
                some(
                    {
                        "staff": (0.0, 0.7, 4.0),
                        "minutes": (60.0, 7.5),
                        "minutes_per_answer": (3.0, 30.0),
                        "minutes_per_reply": (None, 0.7, 11.0),
                        "wage": (0.0, 9.0),
                        "deed_story": (0.0, 0.3, 1.0),
                        "deed_learning": (0.0, 4.0, 90.0),
                    }
                )
            ),
        },
    }


@st.composite
def _good(draw: st.DrawFn, n: int, ticks: int, products: list[str]) -> dict[str, Any]:
    return {
        "product": draw(st.sampled_from((None, *products))),
        "launch_at": draw(whole(0, ticks // 2)),
        "quality": draw(between(0.0, 1.0)),
        "price": draw(between(0.0, 3000.0)),
        "price_change": draw(perhaps(between(-0.9, 2.0), 0.0)),
        "unit_cost": draw(between(0.0, 2000.0)),
        "cost_curve": draw(perhaps(between(0.05, 1.0), 0.0)),
        "first_units": draw(between(1.0, 100.0)),
        "markup": draw(perhaps(between(-0.5, 2.0), None)),
        "units": draw(perhaps(between(0.0, n / 20.0), None)),
        "every": draw(whole(0, 7)),
        "start": draw(whole(0, ticks // 2)),
        "rounds": draw(
            st.lists(
                st.fixed_dictionaries({"day": whole(0, ticks), "units": between(0.0, n / 10.0)}),
                max_size=2,
            )
        ),
        "orders_per_day": draw(perhaps(between(0.5, n / 50.0 + 1.0), INF)),
        "breakage": draw(st.sampled_from((0.0, 0.5, 2.5))),
        "users_first": draw(st.booleans()),
        "cancel": draw(perhaps(between(0.05, 0.5), 0.0)),
        "deposit": draw(perhaps(between(1.0, 500.0), 0.0)),
        "deposit_half": draw(between(10.0, 500.0)),
        "accessories": draw(perhaps(between(0.01, 0.3), 0.0)),
        **draw(
            some(
                {
                    "trials": (0.0, 1.0, n / 20.0 + 1.0),
                    "trials_at": (0, 3, ticks // 2),
                    "trials_to_enthusiasts": (True, False),
                    "trials_gain": (0.0, 3.3),
                    "trials_cost": (0.0, 9.0),
                }
            )
        ),
    }


@st.composite
def _buying(draw: st.DrawFn, ticks: int) -> dict[str, Any]:
    days = sorted(draw(st.sets(whole(0, ticks), max_size=3)))
    change = perhaps(between(-0.5, 1.0), 0.0)
    return {
        "arrivals": [{"day": day, "rate": draw(between(0.0, 0.1))} for day in days],
        "has_at_start": draw(perhaps(between(0.1, 1.0), 0.0)),
        "life_days": draw(whole(3, 60)),
        "wait_days": draw(whole(1, 20)),
        "find": draw(perhaps(between(0.1, 1.0), 0.0)),
        "quality_weight": draw(perhaps(between(0.1, 5.0), 0.0)),
        "expert_weight": draw(perhaps(between(0.1, 3.0), 0.0)),
        "price_weight": draw(perhaps(between(0.1, 5.0), 0.0)),
        "word_weight": draw(perhaps(between(0.1, 5.0), 0.0)),
        "link_weight": draw(perhaps(between(0.1, 3.0), 0.0)),
        "wait_value": draw(between(-2.0, 2.0)),
        "rival_quality": draw(between(0.0, 1.0)),
        "rival_quality_change": draw(change),
        "rival_price": draw(between(0.0, 3000.0)),
        "rival_price_change": draw(change),
        "income_change": draw(change),
        "gift": draw(perhaps(between(0.1, 1.0), 0.0)),
        "household": draw(whole(1, 8)),
        "switch": draw(perhaps(between(0.2, 1.0), 0.0)),
        "bond_weight": draw(st.sampled_from((0.0, 0.6, 4.0))),
        "vote_weight": draw(perhaps(between(0.1, 5.0), 0.0)),
        "tribe_weight": draw(perhaps(between(0.1, 3.0), 0.0)),
    }


@st.composite
def _surroundings(draw: st.DrawFn, n: int, ticks: int, groups: int) -> dict[str, Any]:
    days = sorted(draw(st.sets(whole(0, ticks), max_size=3)))
    return {
        "supply": {
            "enabled": draw(st.sampled_from((True, True, False))),
            "every": draw(whole(0, 7)),
            "start": draw(whole(0, ticks // 2)),
            "units": draw(between(0.0, n / 10.0)),
            "rounds": draw(
                st.lists(
                    st.fixed_dictionaries({"day": whole(0, ticks), "units": between(0.0, n / 5.0)}),
                    max_size=3,
                )
            ),
            "invites": draw(st.lists(whole(0, 4), min_size=4, max_size=4)),
            "give_up": draw(perhaps(between(0.1, 0.6), 0.0)),
            "give_up_to_rival": draw(perhaps(between(0.1, 1.0), 0.0)),
        },
        "market": {
            "open_to_all": draw(perhaps(whole(1, ticks), 0)),
            "admission": draw(perhaps(between(0.2, 0.9), 1.0)),
            "off_taste": draw(perhaps(between(0.1, 0.9), 1.0)),
            "taste_groups": groups,
            "taste_sd": draw(perhaps(between(0.1, 0.5), 0.0)),
            "aware_at_start": draw(perhaps(between(0.0, 1.0), 0.3)),
            "rejection": draw(st.sampled_from((True, True, False))),
            "rejection_resistance": draw(between(0.02, 0.5)),
            "rejected_return": draw(perhaps(whole(1, 15), 0)),
            "rival": [{"day": day, "hazard": draw(between(0.0, 0.03))} for day in days],
            "replacement_days": draw(perhaps(whole(1, 15), 0)),
            "copied": draw(perhaps(between(0.1, 10.0), 0.0)),
            "copied_after": draw(perhaps(between(1.0, 60.0), 0.0)),
        },
    }


@st.composite
def scenarios(
    draw: st.DrawFn, n_min: int = 20, n_max: int = 2000, ticks_min: int = 15, ticks_max: int = 60
) -> Scenario:
    """A valid scenario of `n_min` to `n_max` people and `ticks_min` to `ticks_max` days."""
    n, ticks = draw(whole(n_min, n_max)), draw(whole(ticks_min, ticks_max))
    names = list(CHANNEL_NAMES[: draw(whole(1, 4))])
    if draw(st.integers(0, 9)) == 0:
        names = list(CHANNEL_NAMES)
    segments = draw(_segments(names))
    online = draw(perhaps(between(0.5, 0.9), 1.0))
    channels = {
        c: draw(
            _channel(n, ticks, online, all(s["membership"][c] == 1.0 for s in segments.values()))
        )
        for c in names
    }
    groups = draw(whole(1, 4))
    products = {f"product{k}": draw(_product(k, ticks, groups)) for k in range(draw(whole(1, 3)))}
    nodes = {f"node{j}": draw(_node(ticks, names)) for j in range(draw(whole(0, 4)))}
    media = {
        f"account{m}": draw(_media(ticks, names, list(products))) for m in range(draw(whole(0, 2)))
    }
    feeds = [c for c in names if channels[c]["medium"] == "feed"]
    strategies = ["random", "active", "ids"]
    if feeds:
        strategies += ["degree", "kshell", "nomination", "community", "staff_friends"]
    strategy = draw(st.sampled_from(strategies))
    most = max(1, n // 20)
    seeding = {
        "number": draw(whole((most + 1) // 2, most)),
        "purity": draw(between(0.0, 1.0)),
        "strategy": strategy,
        "home": draw(st.one_of(st.none(), st.sampled_from(names))),
        "channel": draw(st.one_of(st.none(), st.sampled_from(feeds))) if feeds else None,
        "staff": draw(whole(1, 5)),
        "ids": draw(st.sets(whole(0, n - 1), min_size=1, max_size=most))
        if strategy == "ids"
        else (),
        "engagement": draw(between(1.0, 15.0)),
        "recruit_cost": draw(between(0.0, 100.0)),
        "stay": draw(st.booleans()),
        "per_day": draw(st.sampled_from((INF, INF, INF, INF, 0.5, 3.0))),
    }
    cost = between(0.0, 10.0)
    return Scenario.from_dict(
        {
            "name": "drawn",
            "title": draw(st.sampled_from(("", "A drawn scenario", "抽取的场景"))),
            "description": "",
            "n_agents": n,
            "people_per_agent": draw(st.sampled_from((1.0, 1.0, 1.0, 2.5))),
            "ticks": ticks,
            "start_date": draw(st.one_of(st.none(), st.dates())),
            "shared_world": draw(st.booleans()),
            "segments": segments,
            "channels": channels,
            "products": products,
            "nodes": nodes,
            "events": draw(_events(ticks, channels)),
            "media": media,
            **draw(_conduct(online, feeds)),
            **draw(_surroundings(n, ticks, groups)),
            "goods": {
                f"good{g}": draw(_good(n, ticks, list(products))) for g in range(draw(whole(0, 3)))
            },
            "buying": draw(_buying(ticks)),
            "seeding": {**seeding, "ids": tuple(sorted(seeding["ids"]))},
            "costs": {
                name: draw(cost)
                for name in (
                    "per_release",
                    "per_report_read",
                    "per_answer",
                    "per_unit",
                    "per_invite",
                    "per_join",
                    "per_recruit",
                )
            },
            "milestones": draw(
                st.lists(
                    st.fixed_dictionaries(
                        {
                            "day": whole(0, ticks),
                            "count": between(0.0, 1e6),
                            "label": st.just("users"),
                            "source": st.just("assumption"),
                        }
                    ),
                    max_size=2,
                )
            ),
        }
    )
