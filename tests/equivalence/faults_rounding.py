"""Faults of rounding and of ties: another floor, another order of shifts, `>` for `>=`.

They change a hazard by one unit of 2**-32, so their witnesses are coarse worlds.  Collected by
`mutations`, which says what the fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_ROUNDING = (
    Fault("hear", 4, "a leak of negative hazard rounded towards zero",
          "person.hazard = person.hazard * rules.memory20[t - person.touched] >> 20",
          "person.hazard = int(person.hazard * rules.memory20[t - person.touched] / (1 << 20))",
          coarse=True),
    Fault("hear", 1401, "attention to the sight a step less",
          "* rules.attention16[c][person.segment][crowd] >> 16",
          "* (rules.attention16[c][person.segment][crowd] - 1) >> 16"),
    Fault("tell", 4, "the weight of waiting before that of bad news",
          ("    if sign < 0:\n"
           "        h = h * rules.negativity16 >> 16\n"
           "    if kind == KIND_WAITING:\n"
           "        h = h * rules.waiting16 >> 16\n"),
          ("    if kind == KIND_WAITING:\n"
           "        h = h * rules.waiting16 >> 16\n"
           "    if sign < 0:\n"
           "        h = h * rules.negativity16 >> 16\n"), coarse=True),
    Fault("hear", 4, "the strength of a tie rounded up",
          "y = y * rules.tie16[c][tie] >> 16",
          "y = -(-y * rules.tie16[c][tie] >> 16)", coarse=True),
    Fault("hear", 4, "the fit to a message rounded up",
          "y = y * fit >> 16",
          "y = -(-y * fit >> 16)", coarse=True),
    Fault("hear", 4, "fit before the strength of the tie",
          ("    if rules.tie_on[c]:\n"
           "        y = y * rules.tie16[c][tie] >> 16\n"
           "    if telling.sign > 0:  # bad news is not weighed by fit\n"
           "        y = y * fit >> 16\n"),
          ("    if telling.sign > 0:  # bad news is not weighed by fit\n"
           "        y = y * fit >> 16\n"
           "    if rules.tie_on[c]:\n"
           "        y = y * rules.tie16[c][tie] >> 16\n"), coarse=True),
    Fault("hear", 16, "what is not seen brings the leak up to date",
          ("        return\n"
           "    fit = model.fit16[telling.product]"),
          ("        touch(model, day, person)\n"
           "        return\n"
           "    fit = model.fit16[telling.product]"), coarse=True),
    Fault("hear", 3, "a page of which nothing was read brings the leak up to date",
          ("        if number == 0:\n"
           "            continue\n"),
          ("        if number == 0:\n"
           "            touch(model, day, person)\n"
           "            continue\n"), coarse=True),
    Fault("hear", 30, "fit to a page rounded post by post",
          "hear_praise(model, person, y * fit >> 16, fit)",
          "hear_praise(model, person, sum(x.hazard * fit >> 16 for x in page), fit)", coarse=True),
    Fault("hear", 30, "the fit to a page rounded up",
          "hear_praise(model, person, y * fit >> 16, fit)",
          "hear_praise(model, person, -(-y * fit >> 16), fit)", coarse=True),
    Fault("hear", 4, "the fit to a campaign rounded up",
          "rules.media_hazard[m] * fit >> 16",
          "-(-rules.media_hazard[m] * fit >> 16)", coarse=True),
    Fault("hear", 0, "persuaded only beyond the resistance",
          "and person.hazard >= person.resist_adopt << RESISTANCE_SHIFT",
          "and person.hazard > person.resist_adopt << RESISTANCE_SHIFT", coarse=True),
    Fault("hear", 11, "rejected only beyond the resistance",
          "and -person.hazard >= person.resist_reject << RESISTANCE_SHIFT",
          "and -person.hazard > person.resist_reject << RESISTANCE_SHIFT", coarse=True),
)
# fmt: on
