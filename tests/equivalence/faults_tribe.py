"""Faults planted in what comes of many who do the same.

Campaigns that are left, others who copy, fans among one's ties, moderators.
Collected by `mutations`, which says what the fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_TRIBE = (
    # accounts
    Fault("accounts", 1, "one post a day is as good as many",
          "if posts == 1.0:", "if True:"),
    Fault("accounts", 10, "each post reaches people of its own",
          "int((1.0 - power_portable(1.0 - seen / CERTAIN, posts)) * CERTAIN)",
          "int(min(CERTAIN, seen * posts))"),
    Fault("accounts", 1, "all of the posts must be seen",
          "(1.0 - power_portable(1.0 - seen / CERTAIN, posts))",
          "power_portable(seen / CERTAIN, posts)"),
    Fault("accounts", 10, "all campaigns post like the first",
          "model.rules.media_posts[m]", "model.rules.media_posts[0]"),
    Fault("accounts", 5, "who has left a campaign comes to see it again",
          "m not in person.unfollowed", "True"),
    Fault("accounts", 10, "who leaves one campaign leaves all of them",
          "m not in person.unfollowed", "not person.unfollowed"),
    Fault("accounts", 5, "everybody puts up with as much as the next",
          "rules.unfollow32[m][patience]", "rules.unfollow32[m][CLASSES // 2]"),
    Fault("accounts", 5, "what one puts up with changes from day to day",
          "DRAW_TOLERANCE, 0, m", "DRAW_TOLERANCE, t, m"),
    Fault("accounts", 10, "one puts up with all campaigns alike",
          "DRAW_TOLERANCE, 0, m", "DRAW_TOLERANCE, 0, 0"),
    Fault("accounts", 4, "the coin of leaving is that of the first day",
          "DRAW_UNFOLLOW, t, m", "DRAW_UNFOLLOW, 0, m"),
    Fault("accounts", 10, "the coin of leaving is that of the first campaign",
          "DRAW_UNFOLLOW, t, m", "DRAW_UNFOLLOW, t, 0"),
    Fault("accounts", 21, "who leaves is counted by campaign, not by channel",
          "T_UNFOLLOWS + c", "T_UNFOLLOWS + m"),
    Fault("hear", 5, "who has left sees the campaign all the same, and leaves once more",
          "        if not follows(model, person, m):\n            continue\n", ""),
    Fault("hear", 22, "who leaves has not seen what it leaves for",
          ("            see(model, day, person, 0, 1, product)\n"
           "            count_tellers(model, person, first_exposure(person, MAX_CHANNELS + c))\n"
           "            fit = model.fit16[product][person.person_class]\n"
           "            if hear_praise(model, person, rules.media_hazard[m] * fit >> 16, fit):\n"
           "                claim(day, person, RECRUITER_MEDIA, c, product)\n"
           "            perhaps_unfollow(model, day, person, m, c)\n"),
          ("            perhaps_unfollow(model, day, person, m, c)\n"
           "            if m in person.unfollowed:\n"
           "                continue\n"
           "            see(model, day, person, 0, 1, product)\n"
           "            count_tellers(model, person, first_exposure(person, MAX_CHANNELS + c))\n"
           "            fit = model.fit16[product][person.person_class]\n"
           "            if hear_praise(model, person, rules.media_hazard[m] * fit >> 16, fit):\n"
           "                claim(day, person, RECRUITER_MEDIA, c, product)\n")),
    Fault("hear", 31, "who is won by a campaign does not leave it",
          "                claim(day, person, RECRUITER_MEDIA, c, product)\n            perhaps",
          ("                claim(day, person, RECRUITER_MEDIA, c, product)\n"
           "                continue\n            perhaps")),
    Fault("hear", 5, "members leave a campaign that they have not seen",
          "            perhaps_unfollow(model, day, person, m, c)\n",
          "        if c in person.channels and is_hearing(person):\n"
          "            perhaps_unfollow(model, day, person, m, c)\n"),
    Fault("press", 21, "waves act on each post rather than on the day",
          ("    if rules.media_lifted[m]:\n"
           "        seen = min(1 << 32, lifted(model, seen, rules.media_channel[m], t))\n"
           "    return with_room(model, by_posts(model, m, seen))\n"),
          ("    seen = by_posts(model, m, seen)\n"
           "    if rules.media_lifted[m]:\n"
           "        seen = min(1 << 32, lifted(model, seen, rules.media_channel[m], t))\n"
           "    return with_room(model, seen)\n")),
    # copying
    Fault("copying", 0, "others are where the users are at once",
          " * rules.copied_step", ""),
    Fault("copying", 0, "others follow all who know of it",
          "person.stage == USER", "person.stage not in (0,)"),
    Fault("copying", 0, "others follow those who wait as well",
          "person.stage == USER", "person.stage in (2, USER)"),
    Fault("copying", 5, "others follow the share of users, and never lose it again",
          "model.followed = model.followed + (",
          "model.followed = model.followed + max(0.0, "),
    Fault("copying", 0, "others crowd by their number, not by their share",
          "users / rules.n", "float(users)"),
    Fault("copying", 0, "the load takes away rather than shares out",
          "int(65536.0 / (1.0 + rules.copied * model.followed))",
          "int(65536.0 * max(0.0, 1.0 - rules.copied * model.followed))"),
    Fault("copying", 0, "the room of yesterday",
          "        model.followed = model.followed + (users / rules.n - model.followed)"
          " * rules.copied_step\n"
          "        model.room16 = int(65536.0 / (1.0 + rules.copied * model.followed))\n",
          "        model.room16 = int(65536.0 / (1.0 + rules.copied * model.followed))\n"
          "        model.followed = model.followed + (users / rules.n - model.followed)"
          " * rules.copied_step\n"),
    Fault("hear", 0, "feeds are never crowded",
          "room = with_room(model, hazard)", "room = hazard"),
    Fault("hear", 0, "boards are never crowded",
          "with_room(model, lift)", "lift"),
    Fault("hear", 34, "what the firm shows to all is never crowded",
          "with_room(model, rules.amplify32[c])", "rules.amplify32[c]"),
    Fault("press", 53, "campaigns are never crowded",
          "with_room(model, by_posts(model, m, seen))", "by_posts(model, m, seen)"),
    Fault("press", 83, "each post is crowded rather than the day",
          "with_room(model, by_posts(model, m, seen))",
          "by_posts(model, m, with_room(model, seen))"),
    # belonging
    Fault("belonging", 13, "everybody looks around every day",
          " or day.t % WEEK != 0", ""),
    Fault("belonging", 16, "everybody looks around at the end of the week",
          "day.t % WEEK != 0", "(day.t + 1) % WEEK != 0"),
    Fault("belonging", 16, "all users are fans",
          " and person.tier >= LOYAL", ""),
    Fault("belonging", 16, "only the die-hard are fans",
          "person.tier >= LOYAL", "person.tier > LOYAL"),
    Fault("belonging", 16, "a fan who has left counts for ever",
          "person.stage == USER and person.tier", "person.tier"),
    Fault("belonging", 13, "fans are counted, not their share",
          "FULL8 * fans // len(heard) if heard else 0", "min(FULL8, fans)"),
    Fault("belonging", 11, "one who hears nobody is among fans",
          "if heard else 0", "if heard else FULL8"),
    Fault("belonging", 16, "the share of fans rounded up",
          "FULL8 * fans // len(heard)", "-(-FULL8 * fans // len(heard))"),
    Fault("belonging", 16, "praise acts on all alike",
          "model.rules.pull16[person.fans8]", "model.rules.pull16[0]"),
    Fault("belonging", 16, "praise acts as if half were fans",
          "model.rules.pull16[person.fans8]", "model.rules.pull16[person.fans8 // 2]"),
    Fault("belonging", 13, "it is worth as much to have one fan as to have only fans",
          "person.fans8 / 255.0", "float(person.fans8 > 0)"),
    Fault("state", 13, "the ties that count are those whom one tells",
          "heard[listener].append(teller)", "heard[teller].append(listener)"),
    Fault("belonging", 13, "ties made at meetings count",
          "heard = model.heard_there[person.number]",
          ("heard = [i for i, arcs in enumerate(model.listeners[model.rules.tribe])\n"
           "                 for one, _ in arcs if one == person.number]")),
    Fault("satisfaction", 13, "fans among one's ties content nobody",
          "    s = s + content_among_fans(model, user)\n", ""),
    Fault("satisfaction", 13, "fans among one's ties content those who were served",
          "    s = s + content_among_fans(model, user)\n",
          "        s = s + content_among_fans(model, user)\n"),
    Fault("satisfaction", 13, "what fans add to contentment comes to be expected",
          "    follow(model, day, user, given - lost)",
          "    follow(model, day, user, given - lost + content_among_fans(model, user))"),
    Fault("hear", 11, "blame is weighed by fans as praise is",
          "person.hazard = max(person.hazard - y, -HAZARD_CAP)",
          "person.hazard = max(person.hazard - pulled(model, person, y), -HAZARD_CAP)"),
    Fault("hear", 16, "what was heard before is heard anew among fans",
          "person.hazard + pulled(model, person, y)", "pulled(model, person, person.hazard + y)"),
    Fault("goods", 20, "goods are bought without a look around",
          "                    + wanted_among_fans(model, person)\n", ""),
    Fault("goods", 20, "those among fans put buying off",
          "found[WAIT] = rules.wait_value +",
          "found[WAIT] = rules.wait_value + wanted_among_fans(model, person) +"),
    Fault("goods", 20, "only users want what their ties have",
          "wanted_among_fans(model, person)",
          "wanted_among_fans(model, person) * (person.stage == USER)"),
    # moderators
    Fault("serve", 5, "no core user is a moderator",
          "int(rules.moderation[c] * core)", "0"),
    Fault("serve", 10, "all fans are moderators",
          "person.stage == USER and person.tier == CORE",
          "person.stage == USER and person.tier > 0"),
    Fault("serve", 10, "who was a core user stays a moderator",
          "person.stage == USER and person.tier == CORE", "person.tier == CORE"),
    Fault("serve", 5, "each moderator handles whole complaints",
          "int(rules.moderation[c] * core)", "int(rules.moderation[c]) * core"),
    Fault("serve", 5, "moderators round up",
          "int(rules.moderation[c] * core)", "int(rules.moderation[c] * core + 0.999)"),
    Fault("serve", 6, "moderators take the place of the staff",
          "rules.service_capacity[c] + int(", "int("),
    Fault("serve", 5, "complaints only where there is staff",
          "rules.service_capacity[c] > 0 or model.rules.moderation[c] > 0",
          "rules.service_capacity[c] > 0"),
    Fault("serve", 124, "a place in the day is one in the day of the staff",
          "// model.capacity[c]", "// max(1, rules.service_capacity[c])"),
    Fault("serve", 10, "moderators are counted in the evening",
          "    answered_in_public = answered_today = 0\n",
          "    staff(model)\n    answered_in_public = answered_today = 0\n"),
    # surprises
    Fault("surprises", 0, "on the first day everybody gets a present",
          "    if told == 0:\n        return 0\n", "    if told == 0:\n        return 1 << 32\n"),
    Fault("surprises", 0, "the chance hangs on the tellings of a week",
          "model.week[-1][0][c] if", "sum(day[c] for day, _ in model.week) if"),
    Fault("surprises", 0, "the chance hangs on the tellings of enthusiasts",
          "model.week[-1][0][c] if", "model.week[-1][1][c] if"),
    Fault("surprises", 0, "the chance hangs on the tellings of another channel",
          "model.week[-1][0][c] if", "model.week[-1][0][0] if"),
    Fault("surprises", 0, "one lot for all channels",
          "DRAW_SURPRISE, day.t, c, user", "DRAW_SURPRISE, day.t, 0, user"),
    Fault("surprises", 0, "one lot for all days",
          "DRAW_SURPRISE, day.t, c, user", "DRAW_SURPRISE, 0, c, user"),
    Fault("surprises", 0, "presents bind as they do on the first channel",
          "model.rules.surprise_gain[c]", "model.rules.surprise_gain[0]"),
    Fault("surprises", 0, "presents are counted on the first channel",
          "T_SURPRISES + c", "T_SURPRISES"),
    Fault("tell", 0, "a present is a story between two channels",
          "                presents += speak(model, day, person, kind, c, share=beyond >= 0)\n",
          ("                if speak(model, day, person, kind, c, share=beyond >= 0):\n"
           "                    person.last_story = day.t\n")),
    Fault("tell", 0, "a present is no story",
          "            person.last_story = day.t\n", "            pass\n"),
    # votes
    Fault("votes", 3, "every node is a vote", "if model.rules.node_votes[j]:", "if True:"),
    Fault("votes", 3, "who has not voted wants it more",
          "if person.voted else", "if not person.voted else"),
    Fault("goods", 3, "only users who voted want it",
          "wanted_by_voters(model, person)",
          "wanted_by_voters(model, person) * (person.stage == USER)"),
    Fault("participate", 3, "who joined often has voted no more",
          "    note_vote(model, user, j)\n", "    user.voted = user.joined[j] < 3\n"),
)
# fmt: on
