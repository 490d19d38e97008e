"""Faults planted in who is a member of a board, who posts there, and what holds seeds.

Registration, lurkers and the home of the seeds.  Collected by `mutations`, which says what the
fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_REGISTRATION = (
    # members at the start
    Fault("registration", 94, "who is there at the start joins as a user by the same coin",
          "DRAW_MEMBER_AT_START, 0, c",
          "DRAW_JOIN_BOARD, 0, c"),
    Fault("registration", 94, "the members at the start of all boards by one coin",
          "DRAW_MEMBER_AT_START, 0, c",
          "DRAW_MEMBER_AT_START, 0, 0"),
    Fault("registration", 94, "the others are members at the start",
          "coin >= rules.start32[c]",
          "coin < rules.start32[c]"),
    Fault("registration", 94, "feeds too begin with few members",
          "if rules.is_board[c] and rules.start32[c] < CERTAIN:",
          "if rules.start32[c] < CERTAIN:"),
    Fault("model", 105, "seeds lose the boards that they joined",
          ("        registration.first_members(self)\n"
           "        seeding.seeding(self)\n"),
          ("        seeding.seeding(self)\n"
           "        registration.first_members(self)\n")),
    # interest
    Fault("registration", 94, "the coin of interest is tossed once",
          "DRAW_REGISTER, day.t, c",
          "DRAW_REGISTER, 0, c"),
    Fault("registration", 94, "the coin of interest is that of all boards",
          "DRAW_REGISTER, day.t, c",
          "DRAW_REGISTER, day.t, 0"),
    Fault("registration", 94, "who does not belong there registers",
          "if c in person.belongs and coin < limit:",
          "if coin < limit:"),
    Fault("registration", 94, "the unaware register",
          "if person.stage != AWARE:",
          "if person.stage > AWARE:"),
    Fault("registration", 94, "everybody who knows it registers",
          "if person.stage != AWARE:",
          "if person.stage < AWARE:"),
    Fault("registration", 69, "boards joined before they open",
          " and t >= rules.channel_opens[c]",
          ""),
    Fault("registration", 127, "registers on a day offline too",
          "(person.online_threshold + 1) * model.rules.register16[c] >> 16",
          "model.rules.register16[c] << 16"),
    Fault("registration", 94, "interest taken for half of it",
          ".register16[c] >> 16",
          ".register16[c] >> 17"),
    Fault("registration", 94, "registrations counted on one board",
          "day.row[T_REGISTERS + c] += 1",
          "day.row[T_REGISTERS] += 1"),
    Fault("decide", 94, "who comes back today does not register today",
          ("    returns(model, day)\n"
           "    register(model, day)\n"),
          ("    register(model, day)\n"
           "    returns(model, day)\n")),
    Fault("decide", 105, "who is won or repelled today registers first",
          "    rules, t = model.rules, day.t\n",
          ("    rules, t = model.rules, day.t\n"
           "    register(model, day)\n")),
    Fault("hear", 94, "who registers today reads today",
          "    members = sum(c in person.channels for person in model.people)\n",
          ("    from koubei_sim.model.reference.registration import register\n"
           "    register(model, day)\n"
           "    members = sum(c in person.channels for person in model.people)\n")),
    Fault("returns", 94, "who comes back is a member no more",
          "    person.tellers = 0\n",
          ("    person.tellers = 0\n"
           "    person.channels &= person.belongs\n")),
    # by use
    Fault("registration", 94, "the coin of joining a board tossed anew each day",
          "DRAW_JOIN_BOARD, 0, c",
          "DRAW_JOIN_BOARD, t, c"),
    Fault("registration", 94, "users join only where they belong",
          "if coin < model.rules.join_board32[c]:",
          "if c in person.belongs and coin < model.rules.join_board32[c]:"),
    # lurkers
    Fault("registration", 69, "who posts on one board posts on all",
          "DRAW_LURK, 0, c",
          "DRAW_LURK, 0, 0"),
    Fault("registration", 69, "a lurker of today posts tomorrow",
          "DRAW_LURK, 0, c",
          "DRAW_LURK, model.steps, c"),
    Fault("registration", 69, "lurkers are silent on feeds too",
          "bool(rules.is_board[c]) and coin < rules.lurk32[c]",
          "coin < rules.lurk32[c]"),
    Fault("tell", 12, "lurkers relay and wait aloud",
          " or lurks(model, person, c):",
          " or (kind < 4 and lurks(model, person, c)):"),
    # the home of the seeds
    Fault("seeding", 97, "the first channel is nobody's home",
          "model.rules.seed_home >= 0",
          "model.rules.seed_home > 0"),
    Fault("seeding", 94, "the first channel is the home of all seeds",
          "channel_rank[model.rules.seed_home]",
          "channel_rank[0]"),
    Fault("seeding", 94, "what holds a seed is forgotten as it adopts",
          ("    adopt(model, day, seed)\n"
           "    store_engagement(day.t, seed, model.rules.seed_engagement)\n"
           "    if model.rules.seed_home >= 0:\n"
           "        seed.rank = model.rules.channel_rank[model.rules.seed_home]\n"),
          ("    if model.rules.seed_home >= 0:\n"
           "        seed.rank = model.rules.channel_rank[model.rules.seed_home]\n"
           "    adopt(model, day, seed)\n"
           "    store_engagement(day.t, seed, model.rules.seed_engagement)\n")),
)
# fmt: on
