"""accounts: own media post so many times a day, and who finds it too much stops following."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.draws import log_portable
from koubei_sim.model.mechanisms.declaration import (
    Column,
    FloatArray,
    Flows,
    IntArray,
    Made,
    Mechanism,
    Module,
    Money,
    Price,
    Purpose,
    Sentence,
    array,
    arrays,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    factor,
    fraction,
    money,
    only_with,
    parameter,
)
from koubei_sim.model.mechanisms.media import days_of
from koubei_sim.model.mechanisms.numbers import threshold

DRAW_UNFOLLOW = Purpose(122, "tick, campaign")
DRAW_TOLERANCE = Purpose(123, "0, campaign")
T_UNFOLLOWS = Column(
    290, "unfollows", "people who stopped following a campaign, by channel", "channel"
)
CLASSES: Final = 4096  # of tolerance: classes of the exponential law


class Account(Part):
    """Of a campaign: how often it posts, and who has had enough of it."""

    posts: Real = factor(
        1.0, "posts a day, each of which is seen with `visibility`", neutral=1.0, high=1000.0
    )
    unfollow: Real = fraction(
        0.0,
        "probability a day, for each post beyond what one puts up with, that who saw one of them "
        "stops following",
        unit="1/day",
    )
    tolerance: Real = only_with(
        "unfollow",
        parameter(
            1.0,
            "posts a day that one puts up with: the mean of an exponential law over people",
            unit="posts/day",
            neutral=STRUCTURE,
            low=0.0,
            high=1000.0,
        ),
    )
    cost_per_post: Real = money("cost of a post")


@dataclass(frozen=True)
class AccountRules(Record):
    """How often each campaign posts, and who leaves it after a post."""

    unfollow_on: int
    media_posts: FloatArray  # [A] a day
    unfollow32: IntArray  # [A, 4096] by class of tolerance


def _campaigns(rules: Any) -> int:
    return int(rules.media_posts.size)


def _words(rules: Any) -> int:
    return (int(rules.n) + 63) // 64


@arrays
class AccountState(Record):
    """Who follows a campaign no more, one bit each."""

    left: NDArray[np.uint64] = array(np.uint64, _campaigns, _words, fill=0, needed="unfollow_on")


def numbers(made: Made) -> AccountRules:
    """Return how often each campaign posts, and who leaves it after a post."""
    media = list(made.scenario.media.values())
    unfollow32 = np.zeros((len(media), CLASSES), dtype=np.int64)
    for m, one in enumerate(media):
        if one.unfollow > 0.0:
            patience = [-log_portable(1.0 - (k + 0.5) / CLASSES) for k in range(CLASSES)]
            beyond = np.maximum(0.0, one.posts - one.tolerance * np.array(patience))
            unfollow32[m] = [threshold(one.unfollow * posts) for posts in beyond.tolist()]
    return AccountRules(
        unfollow_on=int(any(one.unfollow > 0.0 for one in media)),
        media_posts=np.array([one.posts for one in media], dtype=np.float64),
        unfollow32=unfollow32,
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for title, media in scenario.media.items():
        if media.posts != 1.0 or media.unfollow > 0.0:
            yield say(
                "account",
                name=title,
                posts=media.posts,
                unfollow=media.unfollow,
                tolerance=media.tolerance,
            )


def _spent(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    for campaign in scenario.media.values():
        cost = campaign.posts * campaign.cost_per_post
        spent += days_of(scenario, campaign, flows) * cost
    return spent


ACCOUNTS = Mechanism(
    "accounts",
    numbers=numbers,
    state=AccountState,
    columns=(T_UNFOLLOWS,),
    purposes=(DRAW_UNFOLLOW, DRAW_TOLERANCE),
    modules=(
        Module(
            "posts",
            ("media.*.posts",),
            "campaigns post other than once a day",
            "官方账号的发帖频率",
        ),
        Module(
            "unfollowing",
            ("media.*.unfollow",),
            "who is told too much stops following",
            "发帖过多会被取消关注",
        ),
    ),
    sentences=(Sentence("happens", 3, _told, entries=True),),
    words={
        "account": (
            "{name}: {posts:g} posts a day; who sees one and puts up with fewer ({tolerance:g} on "
            "average) leaves with {unfollow:g} a post too many",
            "{name}：每天 {posts:g} 条；超出耐心（平均 {tolerance:g} 条）后，"
            "每多一条有 {unfollow:g} 的概率取消关注",
        ),
    },
    prices=(
        Price(
            15, "posts", "``media.*.cost_per_post`` for each post of a campaign that runs", _spent
        ),
    ),
)
