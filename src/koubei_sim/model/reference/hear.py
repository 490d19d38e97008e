"""hear: messages reach those who have not decided, who become aware, convinced or repelled.

Whether a message is seen is a coin; what is seen makes aware and persuades at once.  Hazards of
what is seen are added up and compared with one resistance per person (Sellke 1983), so being
persuaded needs no coin.  Bad news is heard first, then good news; feeds before boards; own media
last.  Within the feeds tellers come from a keyed offset in a keyed direction, because any fixed
order would favour some people as recruiters.  Fourth step of the schedule.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from koubei_sim.core.codes import (
    ATTENTION_SIZE,
    AWARE,
    CLAIMED,
    MAX_CHANNELS,
    MAX_PRODUCTS,
    RECRUITER_MEDIA,
    REJECTED,
    UNAWARE,
)
from koubei_sim.core.draws import HAZARD_CAP, RESISTANCE_SHIFT, exp_neg_portable
from koubei_sim.model.mechanisms.appeal import DRAW_AMPLIFY, ONE8, T_AMPLIFIED
from koubei_sim.model.mechanisms.boards import DRAW_BOARD_PICK, DRAW_READ
from koubei_sim.model.mechanisms.hearing import (
    DRAW_ORDER,
    DRAW_SEE,
    T_ARCS_HEARD,
    T_ARCS_TOLD,
    T_NEWLY_AWARE,
)
from koubei_sim.model.mechanisms.media import DRAW_SEE_MEDIA
from koubei_sim.model.reference.accounts import follows, perhaps_unfollow
from koubei_sim.model.reference.appeal import best_of, weighed
from koubei_sim.model.reference.belonging import pulled
from koubei_sim.model.reference.coins import pick
from koubei_sim.model.reference.copying import with_room
from koubei_sim.model.reference.press import is_running, visibility

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day, Telling
    from koubei_sim.model.reference.state import Person, Pyramid

MOST_TELLERS = 65535
FIRST_OF_BLAME = 32  # addresses of blame stand behind those of praise
RARE = 2.0**-40


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
    for c in range(rules.n_channels):
        for rank, story in enumerate(best_of(model, day, c)):
            hear_story(model, day, story, rank)


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
    """Let the hazard leak for the time since the last touch, when the first of a tick is seen.

    The lazy decay at the ticks of touch *is* the definition.
    """
    rules, t = model.rules, day.t
    if rules.memory_leak and person.touched != t:
        person.hazard = person.hazard * rules.memory20[t - person.touched] >> 20
    person.touched = t


def see(
    model: Pyramid,
    day: Day,
    person: Person,
    hop: int,
    sign: int,
    product: int,
    appeal: int = ONE8,
) -> None:
    """Let a person see something: one who was unaware is aware at once."""
    touch(model, day, person)
    if person.stage == UNAWARE:
        person.stage = AWARE
        person.hop_heard = hop
        person.sign_heard = sign
        person.product_heard = product
        person.heard_appeal = appeal
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


def count_tellers(model: Pyramid, person: Person, new_tellers: int) -> None:
    """Count tellers, where they count."""
    if model.rules.reinforcement_on:
        person.tellers = min(MOST_TELLERS, person.tellers + new_tellers)


def hear_praise(model: Pyramid, person: Person, y: int, fit: int) -> bool:
    """Add y, as it acts among fans, to the hazard; return True where all conditions now hold."""
    person.hazard = min(person.hazard + pulled(model, person, y), HAZARD_CAP)
    reinforcement = model.rules.reinforcement_on
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
    count_tellers(model, person, int(telling.first))  # that somebody tells is noticed anyway
    limit = weighed(model, seen_below(model, c, day.t), telling)
    if rules.attention_on:
        crowd = min(arrivals[c, person.number], ATTENTION_SIZE - 1)
        limit = limit * rules.attention16[c][person.segment][crowd] >> 16
    if model.coins.nested(DRAW_SEE, day.t, c, telling.teller.number, person.number) >= limit:
        return
    fit = model.fit16[telling.product][person.person_class]
    y = telling.hazard
    if rules.tie_on[c]:
        y = y * rules.tie16[c][tie] >> 16
    if telling.sign > 0:  # bad news is not weighed by fit
        y = y * fit >> 16
    see(model, day, person, telling.hop, telling.sign, telling.product, telling.appeal)
    if telling.sign < 0:
        if hear_blame(model, day, person, y):
            person.product_heard = telling.product
    elif hear_praise(model, person, y, fit):
        claim(day, person, telling.teller.number, c, telling.product)


def seen_below(model: Pyramid, c: int, t: int) -> int:
    """Return the threshold of the coin of seeing a message on feed c: 2**32 (1 - exp(-hazard))."""
    hazard = model.rules.see_hazard[c] * model.rules.lift_visibility16[c][t] >> 16
    room = with_room(model, hazard)
    return int((1.0 - exp_neg_portable(float(room) / 4294967296.0)) * 4294967296.0)


# ------------------------------------------------------------------ boards and own media


def hear_board(model: Pyramid, day: Day, c: int, sign: int) -> None:
    """Let the members of a board read its posts of one sign; good news product by product.

    Size-invariant: a post has `readers_per_post` readers, however many members there are, and
    a member reads at most `reading` posts a day on average.
    """
    rules = model.rules
    posts = [x for x in day.tellings if x.channel == c]
    members = sum(c in person.channels for person in model.people)
    if not posts or not members:
        return
    lift = rules.lift_visibility16[c][day.t]
    readers = rules.readers_per_post[c] * (with_room(model, lift) / 65536.0)
    seen = min(1.0, readers / members)
    if rules.reading[c] != float("inf"):
        seen = min(seen, rules.reading[c] / len(posts))
    if sign < 0:
        read(model, day, c, [x for x in posts if x.sign < 0], seen, FIRST_OF_BLAME + c)
        return
    for product in range(rules.n_products):
        praise = [x for x in posts if x.sign > 0 and x.product == product]
        read(model, day, c, praise, seen, MAX_PRODUCTS * c + product)


def chances_of_reading(posts: int, seen: float) -> list[tuple[int, int]]:
    """Return pairs (n, threshold): at most n posts of so many are read, in units of 2**-32.

    A binomial law whose weights are reckoned from the likeliest number, which has weight 1, down
    and up; numbers of a weight below 2**-40 are left out.
    """
    if seen >= 1.0:
        return [(posts, 1 << 32)]
    odds = seen / (1.0 - seen)
    likeliest = int(float(posts + 1) * seen)
    below, weight = [], 1.0
    for n in range(likeliest - 1, -1, -1):
        weight = weight * ((n + 1) / (posts - n)) / odds
        if weight < RARE:
            break
        below.append((n, weight))
    above, weight = [], 1.0
    for n in range(likeliest + 1, posts + 1):
        weight = weight * ((posts - n + 1) / n) * odds
        if weight < RARE:
            break
        above.append((n, weight))
    weights = [*below[::-1], (likeliest, 1.0), *above]
    total = so_far = 0.0
    for _, weight in weights:
        total += weight
    found = []
    for n, weight in weights:
        so_far += weight
        found.append((n, int(so_far / total * 4294967296.0)))
    return [*found[:-1], (weights[-1][0], 1 << 32)]


def read(model: Pyramid, day: Day, c: int, posts: list[Telling], seen: float, address: int) -> None:
    """Let every member who still hears read some of these posts, in a row from its own place."""
    if not posts:
        return
    product, sign = posts[0].product, posts[0].sign
    posts = sorted(posts, key=lambda x: x.teller.number)
    chances = chances_of_reading(len(posts), seen)
    for person in model.people:
        if c not in person.channels or not is_hearing(person):
            continue
        bits = model.coins.word(DRAW_READ, day.t, address, person.number)
        number = next(n for n, limit in chances if bits >> 32 < limit)
        if number == 0:
            continue
        start = pick(bits & 0xFFFFFFFF, len(posts))
        page = (posts + posts)[start : start + number]
        y = min(HAZARD_CAP, sum(x.hazard for x in page))
        if sign < 0:
            # One who rejects keeps the product it had heard of; a newcomer hears of product 0.
            see(model, day, person, 0, -1, 0)
            hear_blame(model, day, person, y)
            continue
        fit = model.fit16[product][person.person_class]
        see(model, day, person, 0, 1, product)
        count_tellers(model, person, first_exposure(person, c))
        if hear_praise(model, person, y * fit >> 16, fit):
            place = pick(model.coins.coin(DRAW_BOARD_PICK, day.t, address, person.number), number)
            if page[place].teller is person:  # a relay reads its own post
                place = (place + 1) % number
            if page[place].teller is not person:
                claim(day, person, page[place].teller.number, c, product)


def hear_media(model: Pyramid, day: Day, m: int) -> None:
    """Let campaign m of the maker's own media be seen by members of its channel."""
    rules, t = model.rules, day.t
    c, product = rules.media_channel[m], rules.media_product[m]
    if not is_running(model, m, t):
        return
    least = (1 << 32) - visibility(model, m, t)
    for person in model.people:
        if not follows(model, person, m):
            continue
        coin = model.coins.coin(DRAW_SEE_MEDIA, t, m, person.number)
        # Those with the largest coins see it.
        if c in person.channels and is_hearing(person) and coin >= least:
            see(model, day, person, 0, 1, product)
            count_tellers(model, person, first_exposure(person, MAX_CHANNELS + c))
            fit = model.fit16[product][person.person_class]
            if hear_praise(model, person, rules.media_hazard[m] * fit >> 16, fit):
                claim(day, person, RECRUITER_MEDIA, c, product)
            perhaps_unfollow(model, day, person, m, c)


def hear_story(model: Pyramid, day: Day, story: Telling, rank: int) -> None:
    """Let a story that the firm has picked be seen by members of its channel."""
    rules, c, product = model.rules, story.channel, story.product
    least = (1 << 32) - with_room(model, rules.amplify32[c])
    day.row[T_AMPLIFIED + c] += 1
    for person in model.people:
        coin = model.coins.coin(DRAW_AMPLIFY, day.t, 8 * rank + c, person.number)
        if c in person.channels and is_hearing(person) and coin >= least:
            see(model, day, person, 0, 1, product, story.appeal)
            count_tellers(model, person, first_exposure(person, MAX_CHANNELS + c))
            fit = model.fit16[product][person.person_class]
            won = hear_praise(model, person, story.hazard * fit >> 16, fit)
            if won and story.teller is not person:
                claim(day, person, story.teller.number, c, product)


def first_exposure(person: Person, source: int) -> int:
    """Return 1 the first time a board (c) or own medium (8 + c) is met, else 0."""
    if source in person.board_heard:
        return 0
    person.board_heard.add(source)
    return 1
