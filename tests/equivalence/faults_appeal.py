"""Faults planted in how tellings differ: appeal, riding, retelling, and what is shown to all.

Collected by `mutations`, which says what the fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_APPEAL = (
    # how much a telling pleases
    Fault("appeal", 5, "who tells pleases alike on all days",
          "DRAW_APPEAL, t, c",
          "DRAW_APPEAL, 0, c"),
    Fault("appeal", 7, "what is told on all channels pleases alike",
          "DRAW_APPEAL, t, c",
          "DRAW_APPEAL, t, 0"),
    Fault("appeal", 5, "a relay tells a story of its own",
          "if kind == KIND_RELAY:\n        appeal = ",
          "if kind > 99:\n        appeal = "),
    Fault("appeal", 5, "retelling loses no appeal",
          "person.heard_appeal * rules.fidelity16[c] >> 16",
          "person.heard_appeal"),
    Fault("appeal", 12, "retelling loses as on the first channel",
          "rules.fidelity16[c]",
          "rules.fidelity16[0]"),
    Fault("appeal", 5, "a wave is ridden by the same people every day",
          "DRAW_RIDE, t, c",
          "DRAW_RIDE, 0, c"),
    Fault("appeal", 5, "who does not ride is carried",
          "< rules.ride32[c][t]",
          ">= rules.ride32[c][t]"),
    Fault("appeal", 39, "relays ride no wave",
          "    if model.coins.coin(DRAW_RIDE, t,",
          "    if kind != KIND_RELAY and model.coins.coin(DRAW_RIDE, t,"),
    Fault("appeal", 5, "appeal never helps, only harms",
          "return min(appeal, MOST8)",
          "return min(appeal, ONE8)"),
    # what it does
    Fault("appeal", 7, "a telling of twice the appeal is seen by as many",
          "min(1 << 32, limit * telling.appeal >> 8)",
          "limit"),
    Fault("appeal", 7, "chances above 1, which little attention then cuts",
          "min(1 << 32, limit * telling.appeal >> 8)",
          "limit * telling.appeal >> 8"),
    Fault("hear", 7, "appeal is applied after attention",
          ("    limit = weighed(model, seen_below(model, c, day.t), telling)\n"
           "    if rules.attention_on:\n"
           "        crowd = min(arrivals[c, person.number], ATTENTION_SIZE - 1)\n"
           "        limit = limit * rules.attention16[c][person.segment][crowd] >> 16\n"),
          ("    limit = seen_below(model, c, day.t)\n"
           "    if rules.attention_on:\n"
           "        crowd = min(arrivals[c, person.number], ATTENTION_SIZE - 1)\n"
           "        limit = limit * rules.attention16[c][person.segment][crowd] >> 16\n"
           "    limit = weighed(model, limit, telling)\n")),
    Fault("appeal", 5, "all retell what pleased, not relays alone",
          "if not model.rules.appeal_on or kind != KIND_RELAY:",
          "if not model.rules.appeal_on:"),
    Fault("appeal", 5, "what pleased is not retold more",
          "min(MOST_RATE, threshold * person.heard_appeal >> 8)",
          "threshold"),
    Fault("hear", 5, "the last story heard is retold, not that which made aware",
          ("    touch(model, day, person)\n"
           "    if person.stage == UNAWARE:\n"),
          ("    touch(model, day, person)\n"
           "    person.heard_appeal = appeal\n"
           "    if person.stage == UNAWARE:\n")),
    Fault("hear", 12, "who hears from a friend hears nothing remarkable",
          "telling.hop, telling.sign, telling.product, telling.appeal)",
          "telling.hop, telling.sign, telling.product)"),
    # what is shown to all
    Fault("appeal", 23, "the least appealing are shown",
          "return -story.appeal, model",
          "return story.appeal, model"),
    Fault("appeal", 38, "of equal stories that of the smaller number",
          "model.coins.coin(DRAW_AMPLIFY_TIE, day.t, c, number), number",
          "0, number"),
    Fault("appeal", 5, "blame is shown too",
          "x.channel == c and x.sign > 0",
          "x.channel == c"),
    Fault("appeal", 3, "what relays tell is not shown",
          "x.channel == c and x.sign > 0",
          "x.channel == c and x.sign > 0 and x.hop == 0"),
    Fault("hear", 3, "all stories of a day are seen by the same people",
          "8 * rank + c",
          "c"),
    Fault("hear", 3, "a story is seen by the same people every day",
          "DRAW_AMPLIFY, day.t,",
          "DRAW_AMPLIFY, 0,"),
    Fault("hear", 3, "a story is shown to people on all channels",
          ("if c in person.channels and is_hearing(person) and coin >= least:\n"
           "            see(model, day, person, 0, 1, product, story"),
          ("if is_hearing(person) and coin >= least:\n"
           "            see(model, day, person, 0, 1, product, story")),
    Fault("hear", 12, "what is shown keeps the hop of its teller",
          "see(model, day, person, 0, 1, product, story.appeal)",
          "see(model, day, person, story.hop, 1, product, story.appeal)"),
    Fault("hear", 5, "what is shown is told with the mean appeal",
          "see(model, day, person, 0, 1, product, story.appeal)",
          "see(model, day, person, 0, 1, product)"),
    Fault("hear", 17, "a story counts as the board on which it stands",
          ("first_exposure(person, MAX_CHANNELS + c))\n"
           "            fit = model.fit16[product][person.person_class]\n"
           "            won"),
          ("first_exposure(person, c))\n"
           "            fit = model.fit16[product][person.person_class]\n"
           "            won")),
    Fault("hear", 5, "a story persuades by its appeal",
          "story.hazard * fit >> 16",
          "story.hazard * story.appeal * fit >> 24"),
    Fault("hear", 12, "relays are won by what they told themselves",
          "if won and story.teller is not person:",
          "if won:"),
    Fault("hear", 13, "stories are shown before the campaigns",
          ("    for m in range(len(rules.media_channel)):\n"
           "        hear_media(model, day, m)\n"
           "    for c in range(rules.n_channels):\n"
           "        for rank, story in enumerate(best_of(model, day, c)):\n"
           "            hear_story(model, day, story, rank)\n"),
          ("    for c in range(rules.n_channels):\n"
           "        for rank, story in enumerate(best_of(model, day, c)):\n"
           "            hear_story(model, day, story, rank)\n"
           "    for m in range(len(rules.media_channel)):\n"
           "        hear_media(model, day, m)\n")),
)
# fmt: on
