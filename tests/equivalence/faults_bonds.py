"""Faults planted in what sets people apart and binds them: factors of segments, seeds won by hand.

Collected by `mutations`, which says what the fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_BONDS = (
    # segments
    Fault("segments", 2, "all join alike",
          "threshold * model.rules.segment_join16[user.segment] >> 16", "threshold"),
    Fault("segments", 2, "who tells more joins more",
          "model.rules.segment_join16[", "model.rules.segment_tell16["),
    Fault("segments", 1, "who leaves more gains more",
          "gain * model.rules.segment_gain[user.segment]",
          "gain * (model.rules.segment_leave16[user.segment] / 65536.0)"),
    Fault("segments", 1, "all tell alike",
          "if not model.rules.segments_differ:", "if True:"),
    Fault("segments", 1, "certain tellers are no more than certain",
          "MOST_OFTEN = 2**40", "MOST_OFTEN = 2**32"),
    Fault("segments", 1, "the factor on leaving is one on staying",
          "threshold * model.rules.segment_leave16[user.segment] >> 16",
          "(threshold << 16) // max(1, model.rules.segment_leave16[user.segment])"),
    Fault("segments", 2, "the segment before",
          "model.rules.segment_gain[user.segment]", "model.rules.segment_gain[user.segment - 1]"),
    Fault("participate", 2, "joining by segment forgotten",
          "    threshold = joins_as(model, user, threshold)\n", ""),
    Fault("tell", 3, "relays of a segment that tells more tell more",
          "    if person.stage == USER:\n        threshold = tells_as(model, person, threshold)\n",
          "    threshold = tells_as(model, person, threshold)\n"),
    Fault("leaving", 4, "the factor on leaving on the tier after",
          "leaves_as(model, user, model.rules.churn32[user.tier])",
          "leaves_as(model, user, model.rules.churn32[min(3, user.tier + 1)])"),
    Fault("engagement", 6, "a gain of a segment that gains nothing is settled",
          "    gain = gains_as(model, user, gain)\n    if gain == 0.0:\n        return\n",
          "    if gain == 0.0:\n        return\n    gain = gains_as(model, user, gain)\n"),
    # seeds won by hand
    Fault("seeding", 3, "won on the day before its turn",
          "turn == day.t", "turn == day.t + 1"),
    Fault("seeding", 3, "who has not heard of it is not won",
          "(UNAWARE, AWARE)", "(AWARE,)"),
    Fault("seeding", 26, "who waits for a unit is won too",
          "(UNAWARE, AWARE)", "(UNAWARE, AWARE, 2)"),
    Fault("seeding", 3, "who uses it already becomes a seed as well",
          "(UNAWARE, AWARE)", "(UNAWARE, AWARE, 3)"),
    Fault("seeding", 26, "who was passed over is tried again",
          "turn == day.t", "0 <= turn <= day.t"),
    Fault("seeding", 3, "the engagement of one won later fades from the start on",
          "store_engagement(day.t,", "store_engagement(BEFORE,"),
    Fault("seeding", 15, "the news of one won later is from before the first day",
          "seed.last_story = max(day.t, 0)", "seed.last_story = 0"),
    Fault("seeding", 3, "all of them are there at the start, and won again",
          "    if not model.rules.by_hand:\n        day = Day(BEFORE",
          "    if True:\n        day = Day(BEFORE"),
    Fault("seeding", 3, "turns are counted, not those won",
          "        if turn == day.t and seed.stage",
          "        day.row[T_WON_BY_HAND] += turn == day.t\n"
          "        day.row[T_WON_BY_HAND] -= seed.stage in (UNAWARE, AWARE) and turn == day.t\n"
          "        if turn == day.t and seed.stage"),
    Fault("adoption", 3, "one won by hand is no adoption of the day",
          "    if t < 0:\n", "    if person.recruiter == RECRUITER_SEED:\n"),
    Fault("adoption", 3, "one won by hand was won on the last channel",
          "not in (RECRUITER_GOODS, RECRUITER_SEED)", "!= RECRUITER_GOODS"),
    Fault("model", 15, "won before who claims adopts",
          "        decide.decide(self, day)  # 5\n",
          "        seeding.by_hand(self, day)\n        decide.decide(self, day)  # 5\n"),
    Fault("model", 3, "won in the evening, after the goods are bought",
          "        seeding.by_hand(self, day)\n        goods.buy(self, day)\n",
          "        goods.buy(self, day)\n        seeding.by_hand(self, day)\n"),
    Fault("model", 3, "won after tiers are looked at again",
          "        seeding.by_hand(self, day)\n        goods.buy(self, day)\n"
          "        age.age(self, day)  # 8\n",
          "        goods.buy(self, day)\n        age.age(self, day)  # 8\n"
          "        seeding.by_hand(self, day)\n"),
)
# fmt: on
