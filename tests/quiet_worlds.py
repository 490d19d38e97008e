"""Quiet worlds for tests: arrays made directly, every mechanism at its neutral value.

In a `quiet_world` persuasion is certain but nobody tells, so that a test can switch on the one
thing it is about and compute the outcome by hand.  `NEUTRAL` says how to switch each mechanism
of any world off again.  Random worlds stand in `tests.worlds`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from koubei_sim.core.draws import HAZARD_ONE
from koubei_sim.model.world.arrays import Graphs, People, Rules, World

ALWAYS = 1 << 32  # the threshold of a coin that always falls
FULL16 = 65536
FULL20 = 1 << 20
ONE26 = 1 << 26  # a resistance of 1


def with_rules(world: World, **changes: object) -> World:
    """The same world under other rules."""
    return world._replace(rules=world.rules._replace(**changes))


def with_people(world: World, **changes: object) -> World:
    """The same world with other people."""
    return world._replace(people=world.people._replace(**changes))


def arcs_to_csr(n: int, arcs: set[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows by teller, listeners sorted within a row."""
    ordered = sorted(arcs)
    counts = np.bincount([u for u, _ in ordered], minlength=n) if ordered else np.zeros(n, int)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return indptr, np.array([v for _, v in ordered], dtype=np.int32)


def graphs_of(n: int, arcs: dict[int, set[tuple[int, int]]], ties: dict[int, np.ndarray]) -> Graphs:
    """Graphs of all eight channels from the arcs of the feeds among them."""
    rows = [
        arcs_to_csr(n, arcs[c]) if c in arcs else (np.zeros(1, np.int64), np.empty(0, np.int32))
        for c in range(8)
    ]
    return Graphs(
        indptr=tuple(row[0] for row in rows),
        indices=tuple(row[1] for row in rows),
        ties=tuple(ties.get(c, np.empty(0, np.uint8)) for c in range(8)),
    )


def quiet_world(
    n: int = 2,
    ticks: int = 5,
    *,
    arcs: dict[int, set[tuple[int, int]]] | None = None,
    boards: tuple[int, ...] = (),
    nodes: int = 0,
    products: int = 1,
    seeds: tuple[int, ...] = (0,),
) -> World:
    """A world where nothing happens unless a test lets it.

    Everybody is on every channel, online every day, of level 127, with resistances of 1; every
    message and every sight is certain; but nobody tells (`tell32` is 0).  The feeds are the keys
    of `arcs`, the boards those of `boards`.
    """
    arcs = {0: set()} if arcs is None and not boards else (arcs or {})
    channels = len(arcs) + len(boards)
    assert sorted([*arcs, *boards]) == list(range(channels))

    def full(*shape: int, value: int = FULL16) -> np.ndarray:
        return np.full(shape, value, np.int64)

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    people = People(
        online_threshold=np.full(n, 0xFFFFFFFF, np.uint32),
        agent_class=np.zeros(n, np.uint16),
        taste=np.zeros(n),
        channels=np.full(n, (1 << channels) - 1, np.uint8),
        resist_adopt=np.full(n, ONE26, np.uint32),
        resist_reject=np.full(n, ONE26, np.uint32),
        need=np.ones(1, np.uint16),
        initial_stage=np.zeros(n, np.uint8),
        income=np.ones(1),
        seeds=np.array(seeds, np.int32),
        seed_day=np.full(1, -1, np.int32),
    )
    rules = Rules(
        n=n,
        ticks=ticks,
        n_channels=channels,
        n_nodes=nodes,
        n_products=products,
        n_segments=1,
        key=np.uint64(20100816),
        replicate=0,
        own_on=0,
        class_level=np.array([127], np.uint8),
        class_segment=np.zeros(1, np.uint8),
        class_enthusiast=np.ones(1, np.uint8),
        class_pays=np.full(1, 15, np.uint8),
        class_taste=np.zeros(1, np.uint8),
        is_board=np.array([c in boards for c in range(8)], np.uint8),
        channel_opens=zeros(8),
        channel_rank=full(8, value=1),
        tell32=zeros(8, 7),
        message_hazard=full(8, 7, nodes + 2, 16, value=HAZARD_ONE),
        see_hazard=full(8, value=HAZARD_ONE),
        readers_per_post=np.full(8, np.inf),
        reading=np.full(8, np.inf),
        tie_on=np.zeros(8, np.uint8),
        tie16=full(8, 256),
        attention_on=0,
        attention16=full(8, 1, 256),
        join_board32=zeros(8),
        start32=np.full(8, 1 << 32),
        register16=zeros(8),
        lurk32=zeros(8),
        reply32=zeros(8),
        dilution=np.zeros(8),
        service_capacity=zeros(8),
        moderation=np.zeros(8),
        surprises=np.zeros(8),
        surprise_gain=np.zeros(8),
        node_votes=np.zeros(nodes, np.uint8),
        vote_weight=0.0,
        staff_minutes=np.zeros(8),
        minutes_per_answer=1.0,
        minutes_per_reply=0.0,
        deed32=0,
        deed_rate=0.0,
        bonds_on=0,
        bond_growth=0.0,
        bond_left=np.ones(ticks + 1),
        bond_gain=0.0,
        bond_weight=0.0,
        meeting_visit=np.zeros(8),  # as many meetings as any test puts in
        contests_on=0,
        contest_winners=zeros(8, ticks),
        contest_prize=np.zeros((8, ticks)),
        contest_kept=np.ones((8, ticks)),
        news_on=0,
        news32=zeros(8, ticks),
        share32=zeros(8),
        share16=full(8),
        hunters32=zeros(nodes),
        segment_opens=zeros(8),  # as many segments as any test puts in
        seeds_stay=0,
        service_public=np.zeros(8, np.uint8),
        novelty16=full(ticks + 2),
        repeat16=full(256),
        recovery_on=0,
        recovery16=full(ticks + 2),
        engagement_decay=np.ones((2, ticks + 2)),
        memory_leak=0,
        forget_on=0,
        forget32=zeros(8),
        memory20=full(ticks + 2, value=FULL20),
        node_opens=zeros(nodes),
        node_channel=full(nodes, value=-1),
        join32=zeros(nodes, 128),
        join_fatigue16=full(256),
        node_reward=np.zeros(nodes),
        node_reports=np.zeros(nodes, np.uint8),
        node_content16=full(nodes),
        story32=zeros(nodes),
        story_life=3,
        quality=np.ones(products),
        difficulty=np.zeros(products),
        launch=zeros(products),
        release_interval=full(products, value=7),
        reading_capacity=full(products, value=100),
        learn_quality=np.zeros(products),
        learn_difficulty=np.zeros(products),
        own_work=np.zeros(products),
        scale_quality=np.ones(products),
        scale_difficulty=np.ones(products),
        visible_progress=np.full(products, 10.0),
        bar=np.zeros(products),
        bar_expert=np.zeros(products),
        promoter=0.0,
        backlog_on=0,
        needs=zeros(products),
        new_needs=np.zeros(products),
        need_share=np.full(products, 0.3),
        need_exponent=np.full(products, 1.5),
        need_severity=np.full(products, 0.1),
        expert_needs32=full(products, value=ALWAYS // 2),
        fixes=full(products, value=2),
        fix_rule=zeros(products),
        regressions32=zeros(products),
        segments_differ=0,
        segment_join16=full(1),
        segment_tell16=full(1),
        segment_leave16=full(1),
        segment_gain=np.ones(1),
        expectations_on=0,
        bar_rise=0.0,
        delight=0.0,
        product_taste=full(products, value=-1),
        off_taste=1.0,
        admission=1.0,
        open_to_all=0,
        honour_gain=0.0,
        release_story32=0,
        loyalty_bonus=0.0,
        service_bonus=0.0,
        complaint_rate=0.0,
        complaint_gain=0.0,
        lapse32=0,
        churn32=zeros(4),
        reply_gain=0.0,
        recruit_gain=0.0,
        newcomer_engagement=0.0,
        seed_engagement=12.0,
        seed_home=-1,
        by_hand=0,
        tier_threshold=np.array([0.0, 2.0, 6.0, 10.0]),
        tier_keep=np.array([0.0, 1.0, 3.0, 5.0]),
        invite_grant=zeros(4),
        relay_on=0,
        relay_days=0,
        waiting_tells=0,
        waiting_sign=1,
        waiting16=FULL16,
        negativity16=FULL16,
        rejection_on=0,
        rejecter_days=0,
        reinforcement_on=0,
        lift_tell16=full(8, ticks),
        lift_visibility16=full(8, ticks),
        lift_retelling16=full(8, ticks),
        event_gain=np.zeros((8, ticks)),
        event_saturation=np.ones((8, ticks)),
        meeting_at=full(ticks, value=-1),
        meeting_channel=zeros(0),
        meeting_attend32=zeros(0),
        meeting_cap=zeros(0),
        meeting_gain=np.zeros(0),
        meeting_ties=zeros(0),
        media_channel=zeros(0),
        media_product=zeros(0),
        media_start=zeros(0),
        media_end=zeros(0),
        media_see32=zeros(0),
        media_hazard=zeros(0),
        appeal_on=0,
        appeal8=full(4096, value=256),
        fidelity16=full(8),
        ride32=zeros(8, ticks),
        ride16=full(8, ticks),
        amplify=zeros(8),
        amplify32=zeros(8),
        press_on=0,
        media_lead=np.ones(8),  # as many campaigns as any test puts in
        media_follow=np.zeros(8),
        media_forget=np.zeros(8),
        media_notice=np.zeros(8),
        media_lifted=zeros(8),
        media_scale=1.0,
        unfollow_on=0,
        media_posts=np.ones(8),
        unfollow32=zeros(8, 4096),
        copied=0.0,
        copied_step=1.0,
        tribe=-1,
        belonging=0.0,
        pull16=full(256),
        tribe_weight=0.0,
        supply_on=0,
        units=zeros(ticks),
        give_up32=0,
        give_up_rival32=0,
        **no_goods(),
        rival_on=0,
        rival_cumulative=zeros(ticks),
        replacement_days=0,
        rejected_return=0,
        lapsed_return=0,
        patience=3,
        answer32=ALWAYS,
        answer_worth16=full(4 * 64),
        answer_gain=0.0,
        bonus_days=0,
        squeaky_wheel=0.0,
    )
    return World(people, graphs_of(n, arcs, {}), rules)


def no_goods() -> dict[str, object]:
    """Rules without goods; needs and choices that change nothing."""
    none, nothing = np.zeros(8, np.int64), np.zeros(8)
    return {
        "goods_on": 0,
        "n_goods": 0,
        "good_product": none,
        "good_launch": none,
        "good_quality": nothing,
        "list_price": np.zeros((8, 1)),
        "unit_cost": nothing,
        "curve": nothing,
        "first_units": np.ones(8),
        "markup": nothing,
        "cost_plus": none,
        "stocked": none,
        "good_units": np.zeros((8, 1), np.int64),
        "orders": none,
        "breakage": nothing,
        "users_first": none,
        "trials": none,
        "trials_at": none,
        "trials_first": none,
        "trials_gain": nothing,
        "cancel32": none,
        "accessory_rate": nothing,
        "arrivals": np.zeros(1, np.int64),
        "has_at_start32": 0,
        "life_days": 30,
        "wait_days": 10,
        "find32": 0,
        "quality_weight": 0.0,
        "expert_weight": 0.0,
        "price_weight": 0.0,
        "word_weight": 0.0,
        "link_weight": 0.0,
        "wait_value": 0.0,
        "rival_quality": np.zeros(1),
        "rival_price": np.zeros(1),
        "income_growth": np.ones(1),
        "gift32": 0,
        "household": 4,
        "switch32": 0,
        "g16": 1.0,
    }


# ---------------------------------------------------------------- switching mechanisms off


def neutral(**changes: object) -> Callable[[World], World]:
    """Set fields to a neutral value; a number fills an array field and keeps its shape."""

    def switch_off(world: World) -> World:
        new = {}
        for name, value in changes.items():
            old = getattr(world.rules, name)
            new[name] = np.full_like(old, value) if isinstance(old, np.ndarray) else value
        return with_rules(world, **new)

    return switch_off


# Mechanism -> the same world without it.  A mechanism *fires* in a world when this changes the
# history of the run.
NEUTRAL: dict[str, Callable[[World], World]] = {
    "reinforcement": lambda w: with_people(
        with_rules(w, reinforcement_on=0), need=np.ones(1, np.uint16)
    ),
    "rejection": neutral(rejection_on=0),
    "relays": neutral(relay_on=0),
    "waiting tellers": neutral(waiting_tells=0),
    "attention": neutral(attention_on=0),
    "ties": neutral(tie_on=0),
    "memory leak": neutral(memory_leak=0),
    "forgetting": neutral(forget_on=0),
    "recovery": neutral(recovery_on=0),
    "backlog": neutral(backlog_on=0),
    "expectations": neutral(expectations_on=0),
    "passives": neutral(promoter=0.0),
    "supply": neutral(supply_on=0),
    "invites": neutral(invite_grant=0),
    "rounds": neutral(units=0),
    "give up": neutral(give_up32=0),
    "goods": neutral(goods_on=0, n_goods=0),
    "stock": neutral(stocked=0),
    "orders": neutral(orders=2**31 - 1),
    "users first": neutral(users_first=0),
    "cancelled bookings": neutral(cancel32=0),
    "gifts": neutral(gift32=0),
    "finding": neutral(find32=0),
    "word of mouth for goods": neutral(word_weight=0.0),
    "links": neutral(link_weight=0.0),
    "switching": neutral(switch32=0),
    "learning curve": neutral(curve=0.0),
    "accessories": neutral(accessory_rate=0.0),
    "rival": neutral(rival_on=0),
    "media": neutral(media_see32=0),
    "appeal": neutral(appeal8=256),
    "riding": neutral(ride32=0),
    "amplification": neutral(amplify=0),
    "press": neutral(press_on=0, media_follow=0.0),
    "lead of the press": neutral(media_lead=1.0),
    "posts": neutral(media_posts=1.0),
    "unfollowing": neutral(unfollow_on=0),
    "copying": neutral(copied=0.0),
    "tribe": neutral(tribe=-1),
    "content among fans": neutral(belonging=0.0),
    "pull of fans": neutral(pull16=FULL16),
    "event lifts": neutral(lift_tell16=FULL16, lift_visibility16=FULL16),
    "event gains": neutral(event_gain=0.0),
    "meetings": neutral(meeting_at=-1),
    "meeting ties": neutral(meeting_ties=0),
    "service": neutral(service_capacity=0, moderation=0.0),
    "surprises": neutral(surprises=0.0),
    "votes": neutral(vote_weight=0.0),
    "staff who reply": neutral(minutes_per_reply=0.0),
    "stories of deeds": neutral(deed32=0),
    "deeds that teach": neutral(deed_rate=0.0),
    "bonds": neutral(bonds_on=0),
    "bonds that convince": neutral(bond_gain=0.0),
    "visits": neutral(meeting_visit=0.0),
    "contests": neutral(contests_on=0),
    "talking points": neutral(news_on=0),
    "sharing": neutral(share32=0),
    "hunters": neutral(hunters32=0),
    "segments that wait": neutral(segment_opens=0),
    "seeds that stay": neutral(seeds_stay=0),
    "riddles": neutral(lift_retelling16=FULL16),
    "breakage": neutral(breakage=0.0),
    "trials": neutral(trials=0),
    "moderators": neutral(moderation=0.0),
    "service bonus": neutral(service_bonus=0.0),
    "squeaky wheel": neutral(squeaky_wheel=0.0),
    "honour": neutral(honour_gain=0.0),
    "release stories": neutral(release_story32=0),
    "own work": neutral(own_work=0.0),
    "bar of experts": neutral(bar_expert=0.0),
    "learning": neutral(learn_quality=0.0, learn_difficulty=0.0),
    "stories": neutral(story32=0),
    "node reports": neutral(node_reports=0),
    "replies": neutral(reply32=0),
    "dilution": neutral(dilution=0.0),
    "recruit gain": neutral(recruit_gain=0.0),
    "stickiness": neutral(channel_rank=0),
    "churn": neutral(churn32=0),
    "lapse": neutral(lapse32=0),
    "returns": neutral(replacement_days=0, rejected_return=0, lapsed_return=0),
    "novelty": neutral(novelty16=FULL16),
    "repeats": neutral(repeat16=FULL16),
    "launches": neutral(launch=0),
    "gate": neutral(open_to_all=0),
    "taste groups": neutral(product_taste=-1),
    "late channels": neutral(channel_opens=0),
    "late nodes": neutral(node_opens=0),
    "board joining": neutral(join_board32=0),
    "members at start": neutral(start32=1 << 32),
    "interest": neutral(register16=0),
    "lurkers": neutral(lurk32=0),
    "home of the seeds": neutral(seed_home=-1),
    "seeds by hand": neutral(by_hand=0),
    "reading limit": neutral(reading=np.inf),
    "demotion": neutral(tier_keep=0.0),
    "segments that join": neutral(segment_join16=FULL16),
    "segments that tell": neutral(segment_tell16=FULL16),
    "segments that leave": neutral(segment_leave16=FULL16),
    "segments that gain": neutral(segment_gain=1.0),
}
