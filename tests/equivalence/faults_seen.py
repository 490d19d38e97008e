"""Faults planted in what is seen: the coin of a feed, the page of a board, a campaign.

Step 4 of the schedule.  Collected by `mutations`, which says what the fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_SEEN = (
    # the coin
    Fault("hear", 36, "all feeds share the coin of seeing",
          "DRAW_SEE, day.t, c,",
          "DRAW_SEE, day.t, 0,"),
    Fault("hear", 36, "the coin of seeing tossed once for all days",
          "DRAW_SEE, day.t, c,",
          "DRAW_SEE, 0, c,"),
    Fault("hear", 36, "listener and teller exchanged",
          "telling.teller.number, person.number) >= limit",
          "person.number, telling.teller.number) >= limit"),
    Fault("hear", 36, "one coin for all whom a teller reaches",
          "telling.teller.number, person.number) >= limit",
          "telling.teller.number, 0) >= limit"),
    Fault("hear", 36, "one coin for all whom a listener hears",
          "telling.teller.number, person.number) >= limit",
          "0, person.number) >= limit"),
    Fault("hear", 36, "those with the largest coins see",
          "person.number) >= limit:",
          "person.number) < (1 << 32) - limit:"),
    Fault("coins", 36, "the coin of two people from the lower bits",
          "other)), i)) >> 32",
          "other)), i)) & 0xFFFFFFFF"),
    Fault("coins", 36, "the coin of two people drawn flat",
          "draw(np.uint64(self.word(purpose, tick, j, other)), i)",
          "self.word(purpose, tick, j, other + i)"),
    Fault("hear", 65, "a hazard of seeing taken for a probability",
          "return int((1.0 - exp_neg_portable(float(room) / 4294967296.0)) * 4294967296.0)",
          "return int(room)"),
    Fault("hear", 112, "attention does not scale seeing",
          ("        limit = limit * rules.attention16[c][person.segment][crowd] >> 16\n"),
          "        pass\n"),
    Fault("hear", 42, "attention does not count the message itself",
          "min(arrivals[c, person.number], ATTENTION_SIZE - 1)",
          "min(max(1, arrivals[c, person.number] - 1), ATTENTION_SIZE - 1)"),
    Fault("hear", 112, "attention weakens what is seen",
          ("        limit = limit * rules.attention16[c][person.segment][crowd] >> 16\n"
           "    if model.coins.nested(DRAW_SEE, day.t, c, telling.teller.number, person.number) "
           ">= limit:\n"
           "        return\n"
           "    fit = model.fit16[telling.product][person.person_class]\n"
           "    y = telling.hazard\n"),
          ("        pass\n"
           "    if model.coins.nested(DRAW_SEE, day.t, c, telling.teller.number, person.number) "
           ">= limit:\n"
           "        return\n"
           "    fit = model.fit16[telling.product][person.person_class]\n"
           "    y = telling.hazard\n"
           "    if rules.attention_on:\n"
           "        y = y * rules.attention16[c][person.segment][crowd] >> 16\n")),
    Fault("hear", 3, "an event on a feed makes nobody more visible",
          "hazard = model.rules.see_hazard[c] * model.rules.lift_visibility16[c][t] >> 16",
          "hazard = model.rules.see_hazard[c]"),
    Fault("hear", 113, "an event lifts the probability of being seen",
          ("    hazard = model.rules.see_hazard[c] * model.rules.lift_visibility16[c][t] >> 16\n"
           "    room = with_room(model, hazard)\n"
           "    return int((1.0 - exp_neg_portable(float(room) / 4294967296.0)) * 4294967296.0)\n"),
          ("    room = with_room(model, model.rules.see_hazard[c])\n"
           "    seen = (1.0 - exp_neg_portable(float(room) / 4294967296.0)) * 4294967296.0\n"
           "    return int(seen) * model.rules.lift_visibility16[c][t] >> 16\n")),
    Fault("tell", 65, "an event that makes visible also persuades",
          "    h = h * rules.repeat16[person.told[c]] >> 16\n",
          ("    h = h * rules.repeat16[person.told[c]] >> 16\n"
           "    h = h * rules.lift_visibility16[c][day.t] >> 16\n")),
    Fault("hear", 49, "the strength of a tie makes visible too",
          "    if rules.attention_on:\n",
          ("    limit = limit * rules.tie16[c][tie] >> 16 if rules.tie_on[c] else limit\n"
           "    if rules.attention_on:\n")),
    Fault("hear", 49, "only who is seen counts as a teller",
          ("    count_tellers(model, person, int(telling.first))"
           "  # that somebody tells is noticed anyway\n"
           "    limit = weighed(model, seen_below(model, c, day.t), telling)\n"
           "    if rules.attention_on:\n"
           "        crowd = min(arrivals[c, person.number], ATTENTION_SIZE - 1)\n"
           "        limit = limit * rules.attention16[c][person.segment][crowd] >> 16\n"
           "    if model.coins.nested(DRAW_SEE, day.t, c, telling.teller.number, person.number) "
           ">= limit:\n"
           "        return\n"),
          ("    limit = weighed(model, seen_below(model, c, day.t), telling)\n"
           "    if rules.attention_on:\n"
           "        crowd = min(arrivals[c, person.number], ATTENTION_SIZE - 1)\n"
           "        limit = limit * rules.attention16[c][person.segment][crowd] >> 16\n"
           "    if model.coins.nested(DRAW_SEE, day.t, c, telling.teller.number, person.number) "
           ">= limit:\n"
           "        return\n"
           "    count_tellers(model, person, int(telling.first))\n")),
    Fault("hear", 65, "what is told is known, seen or not",
          ("        return\n"
           "    fit = model.fit16[telling.product]"),
          ("        see(model, day, person, telling.hop, telling.sign, telling.product, "
           "telling.appeal)\n"
           "        return\n"
           "    fit = model.fit16[telling.product]")),
    Fault("hear", 11, "what makes aware does not yet persuade",
          "        person.stage == AWARE\n        and person.hazard >= person.resist_adopt",
          ("        person.stage == AWARE\n"
           "        and not (person.last_story == person.touched and person.sign_heard > 0)\n"
           "        and person.hazard >= person.resist_adopt")),
    Fault("hear", 36, "only the aware are persuaded by what they see",
          ("    see(model, day, person, telling.hop, telling.sign, telling.product, "
           "telling.appeal)\n"
           "    if telling.sign < 0:\n"),
          ("    y = y if person.stage == AWARE else 0\n"
           "    see(model, day, person, telling.hop, telling.sign, telling.product, "
           "telling.appeal)\n"
           "    if telling.sign < 0:\n")),
    # boards
    Fault("hear", 65, "what a member reads drawn at a wrong address",
          "DRAW_READ, day.t, address,",
          "DRAW_READ, day.t, c,"),
    Fault("hear", 65, "a member reads as many posts every day",
          "DRAW_READ, day.t, address,",
          "DRAW_READ, 0, address,"),
    Fault("hear", 65, "blame read at the address of praise",
          "FIRST_OF_BLAME + c)",
          "MAX_PRODUCTS * c)"),
    Fault("hear", 24, "posts of all products read with one draw",
          "MAX_PRODUCTS * c + product)",
          "MAX_PRODUCTS * c)"),
    Fault("hear", 30, "a page ends with the last post",
          "page = (posts + posts)[start : start + number]",
          "page = posts[min(start, len(posts) - number) :][:number]"),
    Fault("hear", 65, "all read from the first post on",
          "start = pick(bits & 0xFFFFFFFF, len(posts))",
          "start = 0"),
    Fault("hear", 65, "the first post of a page from the bits of their number",
          "start = pick(bits & 0xFFFFFFFF, len(posts))",
          "start = pick(bits >> 32, len(posts))"),
    Fault("hear", 65, "a page is turned backwards",
          "key=lambda x: x.teller.number)\n    chances",
          "key=lambda x: -x.teller.number)\n    chances"),
    Fault("hear", 65, "the number of posts read from the bits of the first",
          "if bits >> 32 < limit)",
          "if bits & 0xFFFFFFFF < limit)"),
    Fault("hear", 65, "many posts are read with small coins",
          "if bits >> 32 < limit)",
          "if (bits >> 32 ^ 0xFFFFFFFF) < limit)"),
    Fault("hear", 65, "one post more or none",
          "    page = (posts + posts)[start : start + number]\n",
          ("    page = (posts + posts)[start : start + max(1, number - 1)]\n"
           "        number = len(page)\n")),
    Fault("hear", 30, "nobody is certain to read everything",
          ("    if seen >= 1.0:\n"
           "        return [(posts, 1 << 32)]\n"),
          "    seen = min(seen, 0.99)\n"),
    Fault("hear", 65, "the chance of a reading taken for its odds",
          "odds = seen / (1.0 - seen)",
          "odds = seen"),
    Fault("hear", 65, "one reads all or nothing",
          "chances = chances_of_reading(len(posts), seen)",
          "chances = [(0, int((1.0 - seen) * 4294967296.0)), (len(posts), 1 << 32)]"),
    Fault("hear", 65, "everybody reads the mean",
          "number = next(n for n, limit in chances if bits >> 32 < limit)",
          "number = int(len(posts) * seen)"),
    Fault("hear", 65, "an event on a board brings no readers",
          "with_room(model, lift)",
          "with_room(model, 65536)"),
    Fault("hear", 65, "an event makes members read more than they can",
          "rules.reading[c] / len(posts))",
          "rules.reading[c] * (rules.lift_visibility16[c][day.t] / 65536.0) / len(posts))"),
    Fault("hear", 65, "posts that nobody opens make the board known",
          ("        if number == 0:\n"
           "            continue\n"),
          ("        if number == 0:\n"
           "            see(model, day, person, 0, sign, product)\n"
           "            continue\n")),
    Fault("hear", 112, "a board that was not read counts as a teller",
          ("        if number == 0:\n"
           "            continue\n"),
          ("        if number == 0:\n"
           "            count_tellers(model, person, int(sign > 0) and first_exposure(person, c))\n"
           "            continue\n")),
    Fault("hear", 30, "won by a post that was not read",
          "claim(day, person, page[place].teller.number, c, product)",
          "claim(day, person, posts[place].teller.number, c, product)"),
    Fault("hear", 30, "won by the first post of the page",
          "place = pick(model.coins.coin(DRAW_BOARD_PICK, day.t, address, person.number), number)",
          "place = 0"),
    Fault("hear", 203, "a relay is won by its own post",
          "if page[place].teller is not person:",
          "if True:"),
    Fault("hear", 25, "a relay that hits on its own post is won by nobody",
          "if page[place].teller is person:",
          "if False:"),
    Fault("hear", 35, "who learns of it by blame has heard of its product",
          "see(model, day, person, 0, -1, 0)",
          "see(model, day, person, 0, -1, product)"),
    Fault("hear", 11, "blame on a board weighed by fit",
          "hear_blame(model, day, person, y)\n            continue",
          ("hear_blame(model, day, person, y * model.fit16[product][person.person_class] >> 16)\n"
           "            continue")),
    # own media
    Fault("hear", 49, "all campaigns share a coin",
          "DRAW_SEE_MEDIA, t, m,",
          "DRAW_SEE_MEDIA, t, 0,"),
    Fault("hear", 49, "a campaign is seen by the same people every day",
          "DRAW_SEE_MEDIA, t, m,",
          "DRAW_SEE_MEDIA, 0, m,"),
    Fault("hear", 49, "a campaign fits everybody",
          "rules.media_hazard[m] * fit >> 16",
          "rules.media_hazard[m]"),
    Fault("hear", 49, "a campaign is seen by people on all channels",
          ("if c in person.channels and is_hearing(person) and coin >= least:\n"
           "            see(model, day, person, 0, 1, product)"),
          ("if is_hearing(person) and coin >= least:\n"
           "            see(model, day, person, 0, 1, product)")),
)
# fmt: on
