"""Faults of rounding and of ties: another floor, another order of shifts, `>` for `>=`.

They change a hazard by one unit of 2**-32, so their witnesses are coarse worlds.  Collected by
`mutations`, which says what the fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_ROUNDING = (
    Fault("hear", 28, "a leak of negative hazard rounded towards zero",
          "person.hazard = person.hazard * rules.memory20[gap] >> 20",
          "person.hazard = int(person.hazard * rules.memory20[gap] / (1 << 20))", coarse=True),
    Fault("hear", 28, "posts rounded one by one",
          "int(float(total) * seen)",
          "sum(int(x.hazard * seen) for x in posts)", coarse=True),
    Fault("hear", 28, "the hazard of a board rounded to the nearest",
          "int(float(total) * seen)",
          "round(float(total) * seen)", coarse=True),
    Fault("hear", 49, "the fit to a post rounded up",
          "hear_praise(model, person, base * fit >> 16, new, fit)",
          "hear_praise(model, person, -(-base * fit >> 16), new, fit)", coarse=True),
    Fault("hear", 27, "attention to persuasion a step less",
          "y = y * attention16 >> 16",
          "y = y * (attention16 - 1) >> 16", coarse=True),
    Fault("hear", 51, "attention to the sight a step less",
          "a = a * attention16 >> 16",
          "a = a * (attention16 - 1) >> 16", coarse=True),
    Fault("tell", 67, "the weight of waiting before that of bad news",
          ("    if sign < 0:\n"
           "        h = h * rules.negativity16 >> 16\n"
           "    if kind == KIND_WAITING:\n"
           "        h = h * rules.waiting16 >> 16\n"),
          ("    if kind == KIND_WAITING:\n"
           "        h = h * rules.waiting16 >> 16\n"
           "    if sign < 0:\n"
           "        h = h * rules.negativity16 >> 16\n"), coarse=True),
    Fault("tell", 49, "the lift of visibility before the fatigue of repeats",
          ("    h = h * rules.repeat16[person.told[c]] >> 16\n"
           "    h = h * rules.lift_visibility16[c][day.t] >> 16\n"),
          ("    h = h * rules.lift_visibility16[c][day.t] >> 16\n"
           "    h = h * rules.repeat16[person.told[c]] >> 16\n"), coarse=True),
    Fault("hear", 49, "fit before the strength of the tie",
          ("    if rules.tie_on[c]:\n"
           "        y = y * rules.tie16[c][tie] >> 16\n"
           "    if telling.sign > 0:  # bad news is not weighed by fit\n"
           "        y = y * fit >> 16\n"),
          ("    if telling.sign > 0:  # bad news is not weighed by fit\n"
           "        y = y * fit >> 16\n"
           "    if rules.tie_on[c]:\n"
           "        y = y * rules.tie16[c][tie] >> 16\n"), coarse=True),
    Fault("hear", 87, "the leak of awareness rounded up",
          "person.awareness = person.awareness * rules.awareness20[gap] >> 20",
          "person.awareness = -(-person.awareness * rules.awareness20[gap] >> 20)", coarse=True),
    Fault("hear", 49, "persuaded only beyond the resistance",
          "and person.hazard >= person.resist_adopt << RESISTANCE_SHIFT",
          "and person.hazard > person.resist_adopt << RESISTANCE_SHIFT", coarse=True),
    Fault("hear", 36, "aware only beyond the resistance",
          "if person.awareness >= person.resist_aware << RESISTANCE_SHIFT",
          "if person.awareness > person.resist_aware << RESISTANCE_SHIFT", coarse=True),
    Fault("hear", 48, "rejected only beyond the resistance",
          "and -person.hazard >= person.resist_reject << RESISTANCE_SHIFT",
          "and -person.hazard > person.resist_reject << RESISTANCE_SHIFT", coarse=True),
)
# fmt: on
