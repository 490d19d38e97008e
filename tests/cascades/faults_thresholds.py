"""Planted faults of the threshold rules: linear by choice and by sum, counting, parents.

Collected by `mutations`, which says what the fields mean.
"""

from tests.cascades.fault import Fault

CHOICE = "cascades.kernels.choice"
THRESHOLDS = "cascades.kernels.thresholds"
LINEAR = "cascades.rules.linear"
COUNTING = "cascades.rules.counting"

# fmt: off
FAULTS_THRESHOLDS = (
    Fault(CHOICE, "linear_borders", 0, "an interval without its last 65,536 draws",
          '            "<=", builder.and_(above', '            "<", builder.and_(above'),
    Fault(CHOICE, "linear_borders", 0, "an interval without its first draw",
          "if above == 0 and (draw & _LOW16) <", "if above == 0 and (draw & _LOW16) <="),
    Fault(CHOICE, "linear_borders", 0, "an interval without its last draw",
          "if above == word >> _S48 and (draw & _LOW16) >",
          "if above == word >> _S48 and (draw & _LOW16) >="),
    Fault(CHOICE, "linear_borders", 0, "the draw of the arc in place of the person",
          "draw = np.uint64(draw32(base, v))", "draw = np.uint64(draw32(base, e))"),
    Fault(CHOICE, "linear_choice", 0, "thresholds of the first replicate for all",
          "base = stream(key, replicate, DRAW_CHOICE, 0, 0)",
          "base = stream(key, 0, DRAW_CHOICE, 0, 0)"),
    Fault(CHOICE, "linear_choice", 0, "seeds of the last replicate stay",
          "forget(t.visited, order, planted)",
          "forget(t.visited, order, 0)"),
    Fault(CHOICE, "linear_choice", 0, "one step beyond the horizon",
          "step < rule.horizon", "step <= rule.horizon"),
    Fault(CHOICE, "linear_choice", 0, "the parent is the first of the block",
          "t.parent[n] = s.source[i]", "t.parent[n] = s.source[0]"),
    Fault(LINEAR, "linear_choice", 0, "equal intervals that begin one place later",
          "            m = np.uint64(rank[v])\n            rank[v] += 1\n",
          "            m = np.uint64(rank[v])\n            m = (m + _ONE) % np.uint64(degree[v])\n"
          "            rank[v] += 1\n"),
    Fault(LINEAR, "linear_borders", 0, "bounds rounded down",
          "np.floor(min(1.0, share) * 4294967296.0 + 0.5)",
          "np.floor(min(1.0, share) * 4294967296.0)"),
    Fault(LINEAR, "linear_sum", 0, "a fixed threshold that must be exceeded",
          "(np.maximum(units, 1) - 1)", "(np.maximum(units, 0))"),
    Fault(COUNTING, "fractional", 0, "a threshold met exactly that does not convince",
          "return m / d > share if strict else m / d >= share", "return m / d > share"),
    Fault(COUNTING, "hubs", 0, "a product in place of the quotient",
          "return m / d > share if strict else m / d >= share",
          "return m > share * d if strict else m >= share * d"),
    Fault(COUNTING, "fractional", 0, "people without arcs whom nothing convinces",
          "np.where(share == 0.0, alone, 1)", "1"),
    Fault(COUNTING, "hubs", 0, "a need of 256 counted as more than a byte",
          "(np.maximum(whole - 1, 0) // STRETCH)", "(whole // STRETCH)"),
    Fault(THRESHOLDS, "linear_borders", 0, "a sum equal to the threshold convinces",
          "bit = np.uint64(now > theta[j])", "bit = np.uint64(now >= theta[j])"),
    Fault(THRESHOLDS, "linear_sum", 0, "the lower end of the range forgotten",
          "theta[j] = low + np.int64((bits * span) >> _S32)",
          "theta[j] = np.int64((bits * span) >> _S32)"),
    Fault(THRESHOLDS, "linear_sum", 0, "sums of the last replicate stay where it was small",
          "            s.total[rows.indices[e]] = np.uint32(0)", "            pass"),
    Fault(THRESHOLDS, "linear_sum", 0, "the parent may be anybody active",
          "convince(rows, s, t, tie, begin, end, end, n)",
          "convince(rows, s, t, tie, 0, end, end, n)"),
    Fault(THRESHOLDS, "reinforcement", 0, "counters of the last replicate stay where it was small",
          "            s.left[v] = rule.first[v]", "            pass"),
    Fault(THRESHOLDS, "reinforcement", 0, "people without need are convinced by arcs of step 1",
          "        fresh = n\n", "        fresh = end\n"),
    Fault(THRESHOLDS, "reinforcement", 0, "the parent may be anybody active",
          "            convince(rows, s, t, tie, begin, end, fresh, n)",
          "            convince(rows, s, t, tie, 0, end, fresh, n)"),
    Fault(THRESHOLDS, "hubs", 0, "256 arcs more are not waited for twice",
          "            s.more[v] -= 1\n", "            s.more[v] = 0\n"),
    Fault(THRESHOLDS, "reinforcement", 0, "the largest tie draw comes first",
          "if bits < s.tie[v] or", "if s.tie[v] == LAST or bits > s.tie[v] or"),
    Fault(THRESHOLDS, "linear_sum", 0, "ties are drawn for the source",
          "bits = draw(tie, s.arc[j])", "bits = draw(tie, np.int64(s.source[j]))"),
)
# fmt: on
