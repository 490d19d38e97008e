"""Planted faults of what all rules share: coins, thresholds, seeds, what is recorded.

Collected by `mutations`, which says what the fields mean.
"""

from tests.cascades.fault import Fault

COINS = "cascades.kernels.coins"
INDEPENDENT = "cascades.kernels.independent"
FRAME = "cascades.kernels.frame"
ARCS = "cascades.arcs"
SEEDS = "cascades.seeds"

# fmt: off
FAULTS_COMMON = (
    Fault(INDEPENDENT, "independent", 3, "the largest tie draw comes first",
          "if bits < s.tie[k]", "if bits > s.tie[k]"),
    Fault(INDEPENDENT, "independent", 3, "the first in the list stays the parent",
          "if bits < s.tie[k]", "if bits < 0"),
    Fault(INDEPENDENT, "independent", 3, "ties are drawn for the person",
          "            s.tie[n] = draw(tie, e)", "            s.tie[n] = draw(tie, v)"),
    Fault(INDEPENDENT, "independent", 3, "arcs of a later step take over the parent",
          "if k >= before:", "if k >= 0:"),
    Fault(INDEPENDENT, "independent", 0, "one step beyond the horizon",
          "step < rule.horizon", "step <= rule.horizon"),
    Fault(COINS, "independent", 0, "low bits from the stream of the bytes",
          "low = stream(key, replicate, DRAW_ARC, tick, 1)",
          "low = stream(key, replicate, DRAW_ARC, tick, 0)"),
    Fault(COINS, "independent", 0, "all replicates are the first",
          "base = stream(key, replicate, DRAW_ARC, tick, 0)",
          "base = stream(key, 0, DRAW_ARC, tick, 0)"),
    Fault(COINS, "independent", 0, "ties with the purpose of coins",
          "tie = stream(key, replicate, DRAW_ARC_TIE, tick, 0)",
          "tie = stream(key, replicate, DRAW_ARC, tick, 0)"),
    Fault(COINS, "independent", 3, "a byte compared as if it were signed",
          "d = ((x | HIGH) - (y & LOW7))", "d = ((x | HIGH) - y)"),
    Fault(COINS, "competing", 0, "a byte that ties counted as lower",
          "return (~x & y) | (~z & d),", "return ~z & d,"),
    Fault(INDEPENDENT, "rows", 0, "the draw of a group of a long row at its second arc",
          "x0 = coins.base + GOLDEN * np.uint64(start + 1)",
          "x0 = coins.base + GOLDEN * np.uint64(start + 2)"),
    Fault(INDEPENDENT, "rows", 1, "a long row without the arcs of its last group",
          "part = members(stop - start - 8 * (groups - 1))", "part = np.uint64(0)"),
    Fault(INDEPENDENT, "independent", 0, "bytes that tie are always live",
          "        if low_bits(low, e) < (rule.rest if one else np.int64(rule.rests[e])):",
          "        if e >= 0:"),
    Fault(INDEPENDENT, "independent", 0, "bytes that tie are never live",
          "        if low_bits(low, e) < (rule.rest if one else np.int64(rule.rests[e])):",
          "        if e < 0:"),
    Fault(INDEPENDENT, "independent", 0, "the draw of a group at its last arc",
          "    if rule.tops.size == 0:\n        top = np.uint64(rule.top) * BYTES\n"
          "        for start in range(0, groups, CHUNK):\n"
          "            for i in range(start, start + CHUNK):\n"
          "                x = mix64(base + GOLDEN * np.uint64(first[i] + 1))\n",
          "    if rule.tops.size == 0:\n        top = np.uint64(rule.top) * BYTES\n"
          "        for start in range(0, groups, CHUNK):\n"
          "            for i in range(start, start + CHUNK):\n"
          "                x = mix64(base + GOLDEN * np.uint64(first[i] + 8))\n"),
    Fault(INDEPENDENT, "borders", 0, "low bits equal to the rest are live",
          "if low_bits(low, e) < (rule.rest if one", "if low_bits(low, e) <= (rule.rest if one"),
    Fault(INDEPENDENT, "independent", 0, "low bits by the group",
          "if low_bits(low, e) < (rule.rest if one", "if low_bits(low, g) < (rule.rest if one"),
    Fault(INDEPENDENT, "independent", 0, "the thresholds of arcs one place off",
          "load_bytes(np.uint64(at_tops + g + 8 * j))",
          "load_bytes(np.uint64(at_tops + g + 8 * j - 1))"),
    Fault(FRAME, "independent", 37, "visited people of the last replicate stay",
          "            visited[order[k] >> 6] = np.uint64(0)", "            pass"),
    Fault(COINS, "independent", 0, "26 low bits",
          "_S40 = np.uint64(40)", "_S40 = np.uint64(38)"),
    Fault(ARCS, "borders", 164, "T(p) rounded down",
          "return int(np.floor(p * ONE + 0.5))", "return int(np.floor(p * ONE))"),
    Fault(ARCS, "independent", 24, "source and target of the matrix exchanged",
          "array[kinds[arcs.sources()], kinds[arcs.rows.indices]]",
          "array[kinds[arcs.rows.indices], kinds[arcs.sources()]]"),
    Fault(ARCS, "independent", 2, "trivalency with other bits",
          "(draw32(base, e) * values.size) >> 32", "draw32(base, e) % values.size"),
    Fault(ARCS, "independent", 3, "weighted by one arc too many",
          "thresholds(\"p\", 1.0 / np.maximum(arcs.into(), 1))",
          "thresholds(\"p\", 1.0 / np.maximum(arcs.into() + 1, 1))"),
    Fault(SEEDS, "independent", 0, "the draw of a seed by remainder",
          "at = (draw32(base, m) * n) >> 32", "at = draw32(base, m) % n"),
    Fault(SEEDS, "independent", 0, "a repeat is not skipped in the numbering",
          "            m += 1\n", "            m += 1 + found\n"),
    Fault(SEEDS, "independent", 0, "seeds of the first replicate for all",
          "base = stream(key, first + i, DRAW_SEEDS_RANDOM, 0, 0)",
          "base = stream(key, first, DRAW_SEEDS_RANDOM, 0, 0)"),
    Fault(SEEDS, "competing", 0, "seeds of the second brand start anew",
          "        attempts[i] = m\n", "        attempts[i] = 0\n"),
    Fault(FRAME, "independent", 0, "the parent in the place of the person",
          "out.row_person[at + k] = t.order[k]",
          "out.row_person[at + k] = t.parent[k]"),
    Fault(FRAME, "independent", 0, "an end on a border of bins one bin late",
          "return w if w * tick >= time else w + 1", "return w if w * tick > time else w + 1"),
    Fault(FRAME, "independent", 0, "the last time in place of the first",
          "for k in range(count - 1, -1, -1):  # backwards: the first time stays",
          "for k in range(0, count // 2):"),
    Fault(FRAME, "sis", 0, "every infection counts a person",
          "if distinct == count or t.kind[k] == 0:", "if True:"),
    Fault(FRAME, "competing", 0, "seeds of one brand",
          "t.kind[n] = seeds.kinds[k]", "t.kind[n] = 0"),
    Fault(FRAME, "contacts_independent", 0, "seeds of contacts begin at time 0",
          "planted = plant(t, seeds, i, out.origin)", "planted = plant(t, seeds, i, 0.0)"),
    Fault(FRAME, "independent", 0, "the number of the row in place of the replicate's",
          "replicate = seeds.first + i", "replicate = i"),
    Fault(FRAME, "independent", 2, "the last step without its time",
          "for step in range(last + 1):\n                t.time",
          "for step in range(last):\n                t.time"),
)
# fmt: on
