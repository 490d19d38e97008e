"""tell: who says what, where, and with what weight.

Every online talker - user, relay, waiting, rejecter - meets one coin per channel.  What was
told is heard in the next step.  Third step of the schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import (
    AWARE,
    HOPS,
    KIND_REJECTER,
    KIND_RELAY,
    KIND_WAITING,
    NO_STORY,
    USER,
    WAITING,
)
from koubei_sim.core.draws import HAZARD_CAP
from koubei_sim.model.mechanisms.dilution import T_TELLS_ENTHUSIAST
from koubei_sim.model.mechanisms.events import T_EVENT_PARTICIPANTS
from koubei_sim.model.mechanisms.rejection import T_TELLS_REJECTER
from koubei_sim.model.mechanisms.relays import T_TELLS_RELAY
from koubei_sim.model.mechanisms.sharing import T_SHARES
from koubei_sim.model.mechanisms.talking_points import DRAW_TALKING_POINT
from koubei_sim.model.mechanisms.telling import (
    DRAW_REPLY,
    DRAW_TELL,
    T_REPLIES,
    T_TELLS_HOP,
    T_TELLS_NEGATIVE,
    T_TELLS_POSITIVE,
)
from koubei_sim.model.mechanisms.waiting import T_TELLS_WAITING
from koubei_sim.model.reference.appeal import MOST_RATE, appeal_of, eager
from koubei_sim.model.reference.bonds import bind, bound_word
from koubei_sim.model.reference.day import EventTelling, Telling
from koubei_sim.model.reference.engagement import add_engagement, stick
from koubei_sim.model.reference.registration import lurks
from koubei_sim.model.reference.segments import tells_as
from koubei_sim.model.reference.surprises import gets_present
from koubei_sim.model.reference.team import staff_reply

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

MOST_TELLINGS = 255  # size of the table of repeats
LAST_HOP = HOPS - 1
COLUMN_OF_KIND = {
    KIND_RELAY: T_TELLS_RELAY,
    KIND_WAITING: T_TELLS_WAITING,
    KIND_REJECTER: T_TELLS_REJECTER,
}


def tell(model: Pyramid, day: Day) -> None:
    """Let all online talkers tell, in ascending order."""
    for person in day.online:
        perhaps_news(model, day, person)
        # Fixed for the turn: a reply may promote the teller, but not between two channels.
        kind = kind_of(person)
        told_anything, presents = False, 0
        for c in range(model.rules.n_channels):
            if not may_tell(model, day, person, kind, c):
                continue
            threshold = telling_threshold(model, day, person, kind, c)
            beyond = model.coins.coin(DRAW_TELL, day.t, c, person.number) - threshold
            if beyond < 0 or shares(model, day, person, c, beyond):
                presents += speak(model, day, person, kind, c, share=beyond >= 0)
                told_anything = True
        if presents:  # something to tell of from tomorrow on
            person.last_story = day.t
        if person.stage == USER and told_anything:
            person.story = NO_STORY


def kind_of(person: Person) -> int:
    """Return the kind of a teller: its tier, or relay, waiting, rejecter."""
    if person.stage == USER:
        return person.tier
    if person.stage == AWARE:
        return KIND_RELAY
    if person.stage == WAITING:
        return KIND_WAITING
    return KIND_REJECTER


def perhaps_news(model: Pyramid, day: Day, person: Person) -> None:
    """Let the likeliest talking point of a user's channels be news to it."""
    rules, t = model.rules, day.t
    if not rules.news_on or person.stage != USER:
        return
    limit = max((rules.news32[c][t] for c in open_to(model, t, person)), default=0)
    if model.coins.coin(DRAW_TALKING_POINT, t, 0, person.number) < limit:
        person.last_story = t


def open_to(model: Pyramid, t: int, person: Person) -> set[int]:
    """Return the open channels that a person is a member of."""
    return {c for c in person.channels if t >= model.rules.channel_opens[c]}


def may_tell(model: Pyramid, day: Day, person: Person, kind: int, c: int) -> bool:
    """Say whether a person may tell on channel c at all."""
    rules, t = model.rules, day.t
    if c not in open_to(model, t, person) or lurks(model, person, c):
        return False
    if kind == KIND_RELAY and person.hop_heard >= LAST_HOP:
        return False
    return not (kind == KIND_WAITING and rules.waiting16 == 0)


def telling_threshold(model: Pyramid, day: Day, person: Person, kind: int, c: int) -> int:
    """Return the threshold that the coin of one who tells on channel c stays below."""
    rules, t = model.rules, day.t
    threshold = rules.tell32[c][kind]
    threshold = threshold * rules.novelty16[t - person.last_story] >> 16
    threshold = eager(model, person, kind, threshold)
    threshold = threshold * rules.lift_tell16[c][t] >> 16
    if person.stage == USER:
        threshold = tells_as(model, person, threshold)
    if kind == KIND_RELAY:
        threshold = min(MOST_RATE, threshold) * rules.lift_retelling16[c][t] >> 16
    return threshold * person.tell16 >> 16


def shares(model: Pyramid, day: Day, person: Person, c: int, beyond: int) -> bool:
    """Say whether one whose coin fell so far beyond the threshold shares out of the product."""
    return is_contented(day, person) and beyond < model.rules.share32[c]


def is_contented(day: Day, person: Person) -> bool:
    """Say whether a person is a user who is not unhappy today."""
    return person.stage == USER and person.number not in day.unhappy


def speak(model: Pyramid, day: Day, person: Person, kind: int, c: int, share: bool) -> bool:
    """Tell on channel c: make the message, count it, take the reply; say if a present came."""
    sign = sign_of(model, day, person, kind)
    hop = person.hop_heard + 1 if kind == KIND_RELAY else 0
    telling = Telling(
        teller=person,
        channel=c,
        sign=sign,
        hazard=message_hazard(model, day, person, kind, c, sign, hop, share),
        hop=hop,
        product=product_of(person, kind),
        first=sign > 0 and c not in person.told_positive,
        appeal=appeal_of(model, day, person, kind, c),
    )
    day.tellings.append(telling)
    person.told[c] = min(MOST_TELLINGS, person.told[c] + 1)
    if sign > 0:
        person.told_positive.add(c)
    count_telling(day, telling, kind)
    day.row[T_SHARES + c] += int(share)
    if person.stage != USER:
        return False
    take_reply(model, day, person, c)
    return gets_present(model, day, person, c)


def sign_of(model: Pyramid, day: Day, person: Person, kind: int) -> int:
    """Return +1 for praise, -1 for blame."""
    if kind == KIND_REJECTER:
        return -1
    if kind == KIND_WAITING:
        return 1 if model.rules.waiting_sign > 0 else -1
    if kind == KIND_RELAY:
        return person.sign_heard
    return -1 if person.number in day.unhappy else 1


def product_of(person: Person, kind: int) -> int:
    """Return the product spoken of: the own one (or waited for), or the one heard of."""
    return person.product_heard if kind in (KIND_RELAY, KIND_REJECTER) else person.product


def authenticity_of(day: Day, person: Person) -> int:
    """Return 0 for plain telling, 1 + story for a user with a story that is still alive."""
    if person.stage == USER and person.story != NO_STORY and day.t <= person.story_until:
        return 1 + person.story
    return 0


def message_hazard(
    model: Pyramid, day: Day, person: Person, kind: int, c: int, sign: int, hop: int, share: bool
) -> int:
    """Return the hazard of the message, units of 2**-32, before ties, fit and attention."""
    rules = model.rules
    h = rules.message_hazard[c][kind][authenticity_of(day, person)][hop]
    h = h * rules.repeat16[person.told[c]] >> 16
    if sign < 0:
        h = h * rules.negativity16 >> 16
    if kind == KIND_WAITING:
        h = h * rules.waiting16 >> 16
    if is_contented(day, person):
        h = bound_word(model, day.t, person, h)
    if share:
        h = h * rules.share16[c] >> 16
    return min(h, HAZARD_CAP)


def count_telling(day: Day, telling: Telling, kind: int) -> None:
    """Enter a telling into the daily table."""
    users = T_TELLS_POSITIVE if telling.sign > 0 else T_TELLS_NEGATIVE
    day.row[COLUMN_OF_KIND.get(kind, users) + telling.channel] += 1
    day.row[T_TELLS_HOP + telling.hop] += 1


def take_reply(model: Pyramid, day: Day, user: Person, c: int) -> None:
    """Give a user the reply to its telling, if one comes, and note it for the event on c."""
    rules, t = model.rules, day.t
    day.row[T_TELLS_ENTHUSIAST + c] += int(user.enthusiast)
    limit = rules.reply32[c] * model.reply16[c] >> 16
    replied = model.coins.coin(DRAW_REPLY, t, c, user.number) < limit
    if replied:
        day.row[T_REPLIES + c] += 1
    else:
        replied = staff_reply(model, day, user, c)
    if replied:
        add_engagement(model, t, user, rules.reply_gain)
        stick(model, t, user, c)
        bind(model, t, user)
    if rules.event_gain[c][t] > 0.0:
        day.event_tellings.append(EventTelling(user, c, replies=int(replied)))
        day.row[T_EVENT_PARTICIPANTS] += 1
