"""Faults planted in own media: which run, who sees them, and how they follow what people say.

Collected by `mutations`, which says what the fields mean.
"""

from tests.equivalence.fault import Fault

# fmt: off
FAULTS_PRESS = (
    Fault("press", 49, "a campaign lasts a day longer",
          "<= t < rules.media_end[m]",
          "<= t <= rules.media_end[m]"),
    Fault("press", 32, "media on a channel that is not open",
          " and t >= rules.channel_opens[c])",
          ")"),
    Fault("hear", 49, "those with the smallest coins see a campaign",
          ("coin >= least:\n"
           "            see(model, day, person, 0, 1, product)"),
          ("coin < (1 << 32) - least:\n"
           "            see(model, day, person, 0, 1, product)")),
    Fault("press", 126, "waves act on campaigns that ask not to be lifted",
          "if rules.media_lifted[m]:",
          "if True:"),
    Fault("press", 39, "no wave acts on campaigns",
          "if rules.media_lifted[m]:",
          "if False:"),
    Fault("press", 20, "campaigns are lifted by the events of the first channel",
          "lifted(model, seen, rules.media_channel[m], t)",
          "lifted(model, seen, 0, t)"),
    Fault("press", 16, "campaigns lead by 1, whatever their lead",
          "(rules.media_lead[m] + model.attention[m])",
          "(1.0 + model.attention[m])"),
    Fault("press", 21, "talk multiplies what a campaign leads with",
          "+ model.attention[m])",
          "* (1.0 + model.attention[m]))"),
    Fault("press", 3, "talk adds nothing to a campaign",
          "(rules.media_lead[m] + model.attention[m])",
          "rules.media_lead[m]"),
    Fault("press", 3, "the column counts what talk has added, without the lead",
          "int((rules.media_lead[m] + before) * 65536.0)",
          "int(before * 65536.0)"),
    Fault("press", 3, "what is told today is forgotten in part at once",
          "model.attention[m] = kept + rules.media_follow[m] * max(0.0, loud)",
          ("model.attention[m] = (1.0 - rules.media_forget[m]) * (\n"
           "            before + rules.media_follow[m] * max(0.0, loud)\n"
           "        )")),
    Fault("press", 3, "what is forgotten is what is kept",
          "(1.0 - rules.media_forget[m]) * before",
          "rules.media_forget[m] * before"),
    Fault("press", 3, "the press forgets nothing",
          "(1.0 - rules.media_forget[m]) * before",
          "before"),
    Fault("press", 16, "little talk takes attention away",
          "max(0.0, loud)",
          "loud"),
    Fault("press", 3, "talk is counted in agents",
          "* rules.media_scale",
          "* 1.0"),
    Fault("press", 37, "who relays is not heard by the press",
          "len(day.tellings)",
          "len([x for x in day.tellings if x.hop == 0])"),
    Fault("press", 7, "blame is not heard by the press",
          "len(day.tellings)",
          "len([x for x in day.tellings if x.sign > 0])"),
    Fault("press", 3, "a campaign listens before it begins",
          ("        if not is_running(model, m, day.t):\n"
           "            continue\n"
           "        before"),
          "        before"),
    Fault("press", 16, "all campaigns notice alike",
          "rules.media_notice[m]",
          "rules.media_notice[0]"),
    Fault("press", 16, "all campaigns have the attention of the first",
          "before = model.attention[m]",
          "before = model.attention[0]"),
    Fault("model", 3, "talk counts today",
          ("        hear.hear(self, day)  # 4\n"),
          ("        press.listen(self, day)\n"
           "        hear.hear(self, day)  # 4\n")),
)
# fmt: on
