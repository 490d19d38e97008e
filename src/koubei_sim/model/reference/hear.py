"""hear: messages reach those who have not decided, who become aware, convinced or repelled.

Hazards are added up and compared with one resistance per person (Sellke 1983), so hearing
needs no coin.  Bad news is heard first, then good news; feeds before boards; own media last.
Within the feeds tellers come from a keyed offset in a keyed direction, because any fixed order
would favour some people as recruiters.  Fourth step of the schedule.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from koubei_sim.core.codes import (
    ATTENTION_SIZE,
    AWARE,
    CLAIMED,
    DRAW_BOARD_PICK,
    DRAW_ORDER,
    MAX_CHANNELS,
    MAX_PRODUCTS,
    RECRUITER_MEDIA,
    REJECTED,
    T_ARCS_HEARD,
    T_ARCS_TOLD,
    T_NEWLY_AWARE,
    UNAWARE,
)
from koubei_sim.core.draws import HAZARD_CAP, RESISTANCE_SHIFT, hazard_units
from koubei_sim.model.reference.coins import pick

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day, Telling
    from koubei_sim.model.reference.state import Person, Pyramid

MOST_TELLERS = 65535


def hear(model: Pyramid, day: Day) -> None:
    """Deliver everything that was told today, in the order of the text."""
    rules = model.rules
    arrivals = count_arrivals(model, day)
    start, offset, descending = order_of_the_day(model, day)
    cyclic = [(start + step) % rules.n_channels for step in range(rules.n_channels)]
    for sign in (-1, 1):
        for c in cyclic:
            if not rules.is_board[c]:
                spoken = [x for x in day.tellings if x.channel == c and x.sign == sign]
                for telling in keyed_order(spoken, offset, descending):
                    for listener, tie in model.listeners[c][telling.teller.number]:
                        hear_word(model, day, model.people[listener], telling, tie, arrivals)
        for c in range(rules.n_channels):
            if rules.is_board[c]:
                hear_board(model, day, c, sign)
    for m in range(len(rules.media_channel)):
        hear_media(model, day, m)


def is_hearing(person: Person) -> bool:
    """Say whether a person still hears: stages unaware and aware.

    Nobody enters these stages during the step, so this is the hearing set of its start less
    those claimed or rejected meanwhile.
    """
    return person.stage in (UNAWARE, AWARE)


# ------------------------------------------------------------------ order and attention


def count_arrivals(model: Pyramid, day: Day) -> Counter[tuple[int, int]]:
    """Count what arrives today by (feed, listener of the hearing set), both signs."""
    rules = model.rules
    arrivals: Counter[tuple[int, int]] = Counter()
    for telling in day.tellings:
        c = telling.channel
        if rules.is_board[c]:
            continue
        for listener, _ in model.listeners[c][telling.teller.number]:
            day.row[T_ARCS_TOLD] += 1
            if is_hearing(model.people[listener]):
                day.row[T_ARCS_HEARD] += 1
                arrivals[c, listener] += 1
    return arrivals


def order_of_the_day(model: Pyramid, day: Day) -> tuple[int, int, bool]:
    """Return the first channel, the offset among tellers, and whether they descend."""
    z = model.coins.word(DRAW_ORDER, day.t, 0, 0)
    start = pick(z >> 32, model.rules.n_channels)
    offset = pick(z & 0xFFFFFFFF, model.rules.n)
    return start, offset, (z ^ (z >> 63)) & 1 == 1


def keyed_order(tellings: list[Telling], offset: int, descending: bool) -> list[Telling]:
    """Put the tellings of one channel into the order of the day.

    Ascending: from the offset up, then those below it.  Descending: from below the offset
    down, then the others from the top.
    """
    low = sorted((x for x in tellings if x.teller.number < offset), key=lambda x: x.teller.number)
    high = sorted((x for x in tellings if x.teller.number >= offset), key=lambda x: x.teller.number)
    return low[::-1] + high[::-1] if descending else high + low


# ------------------------------------------------------------------ what happens to a listener


def touch(model: Pyramid, day: Day, person: Person) -> None:
    """Let hazards leak for the time since the last touch, at the first arrival of a tick.

    The lazy decay at the ticks of touch *is* the definition.
    """
    rules, t = model.rules, day.t
    if person.touched == t:
        return
    gap = t - person.touched
    if rules.memory_leak:
        person.hazard = person.hazard * rules.memory20[gap] >> 20
    if rules.awareness_leak and person.stage == UNAWARE:
        person.awareness = person.awareness * rules.awareness20[gap] >> 20
    person.touched = t


def grow_aware(day: Day, person: Person, amount: int, hop: int, sign: int, product: int) -> None:
    """Add awareness hazard to one who is unaware; it becomes aware at once when it crosses."""
    if person.stage != UNAWARE:
        return
    person.awareness = min(person.awareness + amount, HAZARD_CAP)
    if person.awareness >= person.resist_aware << RESISTANCE_SHIFT:
        person.stage = AWARE
        person.hop_heard = hop
        person.sign_heard = sign
        person.product_heard = product
        person.last_story = day.t
        day.newly_aware.append(person)
        day.row[T_NEWLY_AWARE] += 1


def hear_blame(model: Pyramid, day: Day, person: Person, y: int) -> bool:
    """Take y off the hazard; return True where the person is now rejected."""
    person.hazard = max(person.hazard - y, -HAZARD_CAP)
    if (
        model.rules.rejection_on
        and person.stage == AWARE
        and -person.hazard >= person.resist_reject << RESISTANCE_SHIFT
    ):
        person.stage = REJECTED
        day.rejected.append(person)
        return True
    return False


def hear_praise(model: Pyramid, person: Person, y: int, new_tellers: int, fit: int) -> bool:
    """Add y to the hazard and count tellers; return True where all conditions now hold."""
    person.hazard = min(person.hazard + y, HAZARD_CAP)
    reinforcement = model.rules.reinforcement_on
    if reinforcement:
        person.tellers = min(MOST_TELLERS, person.tellers + new_tellers)
    return (
        person.stage == AWARE
        and person.hazard >= person.resist_adopt << RESISTANCE_SHIFT
        and (not reinforcement or person.tellers >= person.need)
        and fit > 0
    )


def claim(day: Day, person: Person, recruiter: int, c: int, product: int) -> None:
    """Claim a person: it will adopt or wait in the next step, and hears no more."""
    person.stage = CLAIMED
    person.recruiter = recruiter
    person.channel = c
    person.product = product
    day.claimed.append(person)


# ------------------------------------------------------------------ feeds


def hear_word(
    model: Pyramid,
    day: Day,
    person: Person,
    telling: Telling,
    tie: int,
    arrivals: Counter[tuple[int, int]],
) -> None:
    """Deliver one message along one arc."""
    if not is_hearing(person):
        return
    rules, c = model.rules, telling.channel
    touch(model, day, person)
    fit = model.fit16[telling.product][person.person_class]
    a = rules.awareness_hazard[c] * rules.lift_visibility16[c][day.t] >> 16
    y = telling.hazard
    if rules.tie_on[c]:
        y = y * rules.tie16[c][tie] >> 16
    if telling.sign > 0:  # bad news is not weighed by fit
        y = y * fit >> 16
    if rules.attention_on:
        crowd = min(arrivals[c, person.number], ATTENTION_SIZE - 1)
        attention16 = rules.attention16[c][person.segment][crowd]
        a = a * attention16 >> 16
        y = y * attention16 >> 16

    grow_aware(day, person, a, telling.hop, telling.sign, telling.product)
    if telling.sign < 0:
        if hear_blame(model, day, person, y):
            person.product_heard = telling.product
    elif hear_praise(model, person, y, int(telling.first), fit):
        claim(day, person, telling.teller.number, c, telling.product)


# ------------------------------------------------------------------ boards and own media


def hear_board(model: Pyramid, day: Day, c: int, sign: int) -> None:
    """Let the members of a board read its posts of one sign; good news product by product.

    Size-invariant: a post has `readers_per_post` readers, however many members there are, and
    a member reads at most `reading` posts a day.
    """
    rules = model.rules
    posts = [x for x in day.tellings if x.channel == c]
    if not posts:
        return
    members = sum(c in person.channels for person in model.people)
    seen = min(1.0, rules.readers_per_post[c] / members)
    if rules.reading[c] != float("inf"):
        seen = min(seen, rules.reading[c] / len(posts))
    if sign < 0:
        blame = [x for x in posts if x.sign < 0]
        if blame:
            read_blame(model, day, c, blame, seen)
        return
    for product in range(rules.n_products):
        praise = [x for x in posts if x.sign > 0 and x.product == product]
        if praise:
            read_praise(model, day, c, praise, seen)


def board_hazards(
    model: Pyramid, day: Day, c: int, posts: list[Telling], seen: float
) -> tuple[int, int]:
    """Return what a group of posts adds to awareness and (before fit) to the hazard."""
    total = sum(x.hazard for x in posts)
    base = min(HAZARD_CAP, int(float(total) * seen))
    awareness = min(HAZARD_CAP, len(posts) * int(hazard_units(seen)))
    return awareness * model.rules.lift_visibility16[c][day.t] >> 16, base


def read_blame(model: Pyramid, day: Day, c: int, posts: list[Telling], seen: float) -> None:
    """Let every member who still hears read the bad news of the day."""
    awareness, base = board_hazards(model, day, c, posts, seen)
    for person in model.people:
        if c in person.channels and is_hearing(person):
            touch(model, day, person)
            # One who rejects keeps the product it had heard of; a newcomer hears of product 0.
            grow_aware(day, person, awareness, 0, -1, 0)
            hear_blame(model, day, person, base)


def read_praise(model: Pyramid, day: Day, c: int, posts: list[Telling], seen: float) -> None:
    """Let every member who still hears read the good news about one product."""
    product = posts[0].product
    awareness, base = board_hazards(model, day, c, posts, seen)
    posters = sorted(x.teller.number for x in posts)
    for person in model.people:
        if c in person.channels and is_hearing(person):
            touch(model, day, person)
            fit = model.fit16[product][person.person_class]
            grow_aware(day, person, awareness, 0, 1, product)
            new = first_exposure(person, c)
            if hear_praise(model, person, base * fit >> 16, new, fit):
                address = MAX_PRODUCTS * c + product
                bits = model.coins.coin(DRAW_BOARD_PICK, day.t, address, person.number)
                place = pick(bits, len(posters))
                if posters[place] == person.number:  # a relay reads its own post
                    place = (place + 1) % len(posters)
                if posters[place] != person.number:
                    claim(day, person, posters[place], c, product)


def hear_media(model: Pyramid, day: Day, m: int) -> None:
    """Let campaign m of the maker's own media reach the members of its channel."""
    rules, t = model.rules, day.t
    c, product = rules.media_channel[m], rules.media_product[m]
    if not rules.media_start[m] <= t < rules.media_end[m] or t < rules.channel_opens[c]:
        return
    for person in model.people:
        if c in person.channels and is_hearing(person):
            touch(model, day, person)
            fit = model.fit16[product][person.person_class]
            grow_aware(day, person, rules.media_awareness[m], 0, 1, product)
            new = first_exposure(person, MAX_CHANNELS + c)
            if hear_praise(model, person, rules.media_hazard[m] * fit >> 16, new, fit):
                claim(day, person, RECRUITER_MEDIA, c, product)


def first_exposure(person: Person, source: int) -> int:
    """Return 1 the first time a board (c) or own medium (8 + c) is met, else 0."""
    if source in person.board_heard:
        return 0
    person.board_heard.add(source)
    return 1
