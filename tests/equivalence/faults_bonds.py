"""Faults planted in what sets people apart: factors of segments.

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
)
# fmt: on
