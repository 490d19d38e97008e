"""Planted faults of brands, signs and contacts with time stamps.

Collected by `mutations`, which says what the fields mean.
"""

from tests.cascades.fault import Fault

RIVALS = "cascades.kernels.rivals"
CONTACTS = "cascades.kernels.contacts"
ILLNESS = "cascades.kernels.contacts_illness"
COUNT = "cascades.kernels.contacts_count"
ARCS = "cascades.arcs"

# fmt: off
FAULTS_RIVALS = (
    Fault(RIVALS, "competing", 0, "the highest brand goes first",
          "            return ours < theirs", "            return ours > theirs"),
    Fault(RIVALS, "competing", 0, "the largest tie draw comes first",
          "return a < b or (a == b and e < held)", "return a > b or (a == b and e < held)"),
    Fault(RIVALS, "competing", 0, "the thresholds of the first brand for all",
          "top = np.uint64(rule.top[brand]) * BYTES", "top = np.uint64(rule.top[0]) * BYTES"),
    Fault(RIVALS, "competing", 0, "the low bits of the first brand for all",
          "np.int64(rule.rests[brand, e])", "np.int64(rule.rests[0, e])"),
    Fault(RIVALS, "competing", 0, "the thresholds of arcs of the first brand for all",
          "address = rule.tops.ctypes.data + brand * rule.tops.shape[1]",
          "address = rule.tops.ctypes.data"),
    Fault(RIVALS, "competing", 0, "everybody speaks for every brand",
          "if brands > 1 and s.kind[k] != brand:", "if False:"),
    Fault(RIVALS, "competing", 0, "the brand of the first arc, the parent of the best",
          "                s.through[k] = e\n                s.giver[k] = of[i]\n",
          "                s.through[k] = e\n"),
    Fault(RIVALS, "negative", 0, "bad word may turn good",
          "if rule.mode == NEGATIVE and kind == 0:\n            kind = np.int8(draw32(sign, v)",
          "if rule.mode == NEGATIVE:\n            kind = np.int8(draw32(sign, v)"),
    Fault(RIVALS, "negative", 0, "seeds are always pleased",
          "            s.kind[n] = np.int8(draw32(sign, v) >= rule.quality)",
          "            s.kind[n] = np.int8(0)"),
    Fault(RIVALS, "negative", 0, "quality taken for its opposite",
          "            kind = np.int8(draw32(sign, v) >= rule.quality)\n        s.kind[k]",
          "            kind = np.int8(draw32(sign, v) < rule.quality)\n        s.kind[k]"),
    Fault(RIVALS, "competing", 0, "one step beyond the horizon",
          "step < rule.horizon", "step <= rule.horizon"),
    Fault(ARCS, "borders", 0, "T(p) of arcs rounded down",
          "return np.floor(p * ONE + 0.5).astype(np.int64)",
          "return np.floor(p * ONE).astype(np.int64)"),
    Fault(CONTACTS, "contacts_independent", 0, "people act at the moment of their activation",
          "if of >= seeds and time[of] >= now:", "if of >= seeds and time[of] > now:"),
    Fault(CONTACTS, "contacts_independent", 0, "seeds do not act in the first contact",
          "if of >= seeds and time[of] >= now:", "if time[of] >= now:"),
    Fault(CONTACTS, "contacts_competing", 0, "the bound of the first brand for all",
          "top = np.uint64(rule.bound) * BYTES", "top = np.uint64(rule.top[0]) * BYTES"),
    Fault(CONTACTS, "contacts_independent", 0, "nothing happens at the horizon",
          "if contacts.time[mid] <= horizon:", "if contacts.time[mid] < horizon:"),
    Fault(CONTACTS, "contacts_competing", 0, "the first contact of a moment wins",
          "if known and (place[v] < seeds or time[place[v]] < now):", "if known:"),
    Fault(CONTACTS, "contacts_competing", 0, "the highest brand goes first",
          "            return ours < theirs", "            return ours > theirs"),
    Fault(CONTACTS, "contacts_independent", 0, "another byte of the shared draw",
          "byte = np.int64(draw(base, contact - place) >> np.uint64(8 * place)) & 255",
          "byte = np.int64(draw(base, contact - place) >> np.uint64(56 - 8 * place)) & 255"),
    Fault(CONTACTS, "contacts_negative", 0, "bad word may turn good",
          "    if rule.mode == NEGATIVE and kind == 0:\n", "    if rule.mode == NEGATIVE:\n"),
    Fault(CONTACTS, "contacts_negative", 0, "active people of the last replicate stay",
          "            s.active[s.order[k] >> 6] = np.uint64(0)", "            pass"),
    Fault(ILLNESS, "contacts_sir", 0, "an infection is over at the moment of its end",
          "if until[of] < now or", "if until[of] <= now or"),
    Fault(ILLNESS, "contacts_sis", 0, "one who is ill to this moment can be infected",
          "if rule.again == 0 or now <= until[k]:", "if rule.again == 0 or now < until[k]:"),
    Fault(ILLNESS, "contacts_sis", 0, "durations of the first infection for all",
          "base = stream(key, replicate, DRAW_DURATION, number, 0)",
          "base = stream(key, replicate, DRAW_DURATION, 0, 0)"),
    Fault(ILLNESS, "contacts_sir", 0, "the first contact of a moment wins",
          "if a < b or (a == b and c < s.through[k]):", "if False:"),
    Fault(ILLNESS, "contacts_sir", 0, "infected people act at once",
          "(of >= seeds and time[of] >= now)", "(of >= seeds and time[of] > now)"),
    Fault(COUNT, "contacts_reinforcement", 0, "a contact at the border of the window counts",
          "> now - rule.window", ">= now - rule.window"),
    Fault(COUNT, "contacts_reinforcement", 0, "convinced people act at once",
          "if place[u] >= seeds and time[place[u]] >= now:",
          "if place[u] >= seeds and time[place[u]] > now:"),
    Fault(COUNT, "contacts_reinforcement", 0, "the best of all moments is the parent",
          "            else:\n                s.best[v] = c\n",
          "            else:\n                pass\n"),
    Fault(COUNT, "contacts_reinforcement", 0, "counts of the last replicate stay",
          "            scratch.count[scratch.touched[k]] = 0", "            pass"),
    Fault(COUNT, "contacts_reinforcement", 0, "one contact less is enough",
          "        return count >= need\n", "        return count >= need - 1\n"),
)
# fmt: on
