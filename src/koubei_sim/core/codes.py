"""Numbers with a meaning that belong to no mechanism: sizes, stages, kinds, purposes of draws.

These are names, not rules: a wrong rule cannot hide here.
"""

from __future__ import annotations

from typing import Final

MAX_CHANNELS: Final = 8
MAX_GOODS: Final = 8
MAX_NODES: Final = 8
MAX_PRODUCTS: Final = 4
MAX_SEGMENTS: Final = 8
MAX_TICKS: Final = 30_000
LEVELS: Final = 128  # levels of expertise
HOPS: Final = 16  # hops 0..15
ATTENTION_SIZE: Final = 256  # rows of the attention table: arrivals 0..255
FULL16: Final = 1 << 16  # the factor 1 in units of 2**-16
WORTH_BINS: Final = 64  # bins of a day in the table of the worth of an answer

# Stages of an agent -------------------------------------------------------------------------
UNAWARE: Final = 0
AWARE: Final = 1
WAITING: Final = 2
USER: Final = 3
LAPSED: Final = 4
REJECTED: Final = 5
RIVAL: Final = 6
CLAIMED: Final = 7  # inside a tick only
STAGES: Final = ("unaware", "aware", "waiting", "user", "lapsed", "rejected", "rival")

# Tiers of users, kinds of tellers -------------------------------------------------------------
CASUAL: Final = 0
LOYAL: Final = 1
DIE_HARD: Final = 2
CORE: Final = 3
TIERS: Final = ("casual", "loyal", "die_hard", "core")
KIND_RELAY: Final = 4
KIND_WAITING: Final = 5
KIND_REJECTER: Final = 6
KINDS: Final = 7

NO_STORY: Final = 255
RECRUITER_SEED: Final = -1
RECRUITER_MEDIA: Final = -2
RECRUITER_GOODS: Final = -3  # got a good

# Kinds of events in the log -------------------------------------------------------------------
LOG_ADOPT: Final = 0
LOG_LAPSE: Final = 1
LOG_REJECT: Final = 2
LOG_RIVAL: Final = 3
LOG_GIVE_UP: Final = 4
LOG_KINDS: Final = ("adopt", "lapse", "reject", "rival", "give_up")

# Purposes of draws that are no mechanism's of the model: the third field of an address.  Those of
# the model are declared by its mechanisms and lie in 1 .. 59 and 100 .. 159, but for 131 and 132;
# networks use 200 and above.  "tick" and "j" say what those fields hold; the last one is the person
# unless said otherwise. -------------------------------------------------------------------------
DRAW_SEEDING: Final = 12  # run: 0, strategy (+ 16: who is named, for nomination)

# Cascades (docs/cascades.md 1); the last field is an arc, a contact or a person.
DRAW_ARC: Final = 60  # 0 or step, 0 bytes of eight arcs / 1 low bits; arc
DRAW_CHOICE: Final = 61  # 0, 0
DRAW_ARC_TIE: Final = 62  # 0 or step, 0; arc, 64-bit order
DRAW_DURATION: Final = 63  # number of the infection, 0
DRAW_CONTACT: Final = 64  # number of the infection of the source, number of the contact; arc
DRAW_RESISTANCE: Final = 65  # 0, 0
DRAW_SIGN: Final = 66  # 0, 0
DRAW_LATENCY: Final = 67  # 0, 0; arc
DRAW_SEEDS_RANDOM: Final = 68  # 0, 0; number of the attempt
DRAW_RECOVERY: Final = 69  # step, 0
DRAW_TRIVALENCY: Final = 70  # 0, 0; arc, replicate 0
DRAW_GROUP_SIZE: Final = 71  # 0, 0; group, replicate 0
DRAW_GROUP_MEMBER: Final = 72  # 0, group; number of the attempt, replicate 0
DRAW_GROUP_POST: Final = 73  # 0, 0; number of the attempt
DRAW_GROUP_READ: Final = 74  # how often the group has carried the story before, group
DRAW_GROUP_ACT: Final = 75  # 0, 0 order / 1 share
DRAW_GROUP_CHOICE: Final = 76  # 0, group
DRAW_ARC_COUNT: Final = 77  # 0, 0; first arc of the segment
DRAW_MESSAGE: Final = 78  # 0, place of the number among those of the rule; replicate

# Reverse sets (docs/seeding.md); the field of the replicate holds the number of the set.
DRAW_SET_ROOT: Final = 131  # collection, 0; 0
DRAW_SET_ARCS: Final = 132  # collection, person; number of the draw, from 0
DRAW_SET_LAWS: Final = 133  # collection, 0 bytes / 1 low bits / 2 latency / 3 duration / 4 pleases

# Evidence (docs/evidence.md), 160 to 175; the field of the replicate holds the number of the
# resample, the control, the world or the tree, 0 where there is one.
DRAW_HAZARD_RESAMPLE: Final = 161  # 0, 0 groups or people drawn again / 1 effects of groups; number
DRAW_FOLDS: Final = 162  # 0 who is held out with whom; person / 1 key of a fold's worlds; fold
DRAW_CONTROLS: Final = 163  # 0 ties swapped / 1 others met / 2 times, number of the layer
DRAW_SEEN: Final = 164  # 0 people, 1 recall, 2 / 3 traits, 16 + layer ties; 0, name or teller
DRAW_ASSIGNED: Final = 165  # which design, 0; person, cluster or block; from 8: keys and orders
DRAW_TELLING: Final = 166  # 0 word along an arc, 0; arc / 1 whether a person takes up, 0; person
DRAW_RULE_FIT: Final = 167  # what: 0 villages, 1 walks, 2 orders, 3 ties, 4 cascades; turn; number
DRAW_TREE: Final = 168  # level, 0 growth / 1 comments; number of the draw within the tree
DRAW_TELLER: Final = 169  # level, 0 who; number of the story / 1 key of the cascades; 0
DRAW_WORLD_TIES: Final = 170  # number of the naming, 0 whom / 1 near or far; person
DRAW_WORLD_PEOPLE: Final = 171  # 0 trait, 1 proxy, 2 seeds; from 8: controls and keys

DRAW_SEED_SETS: Final = 186  # 0 random sets, 1 order of candidates, 0; number of the set
DRAW_RESAMPLE: Final = 190  # bootstrap of results, no part of the model
# Studies: 176 to 179 calibration, 184 and 185 sensitivity, 187 and 188 claims, 194 keys of points,
# 195 to 197 designs, 198 orders of players; each is named where it is used.
# Network generators; the field of the tick holds the number of the layer.  Never reused: two
# generators given the same key share no draw.
DRAW_POPULARITY: Final = 200  # follow graph: Pareto weight of person i
DRAW_FOLLOWERS: Final = 201  # follow graph: gaps between followers, j = the person followed
DRAW_FRIEND_ORDER: Final = 202  # small world: place of person i on the circle of communities
DRAW_FRIEND_SECTION: Final = 203  # small world: does person i sit with its own group, where else
DRAW_COMMUNITY_SIZE: Final = 204  # small world: size of community i
DRAW_FRIEND_REWIRE: Final = 205  # small world: is tie i = (place << 16 | offset) rewired, there
DRAW_FRIEND_FAR: Final = 206  # small world: the far end of a rewired tie i
DRAW_DEGREES: Final = 207  # configuration: Pareto weight of person i
DRAW_DEGREE_ROUNDING: Final = 208  # configuration: rounding of the degree of person i
DRAW_MATCHING: Final = 209  # configuration: Feistel table, j = round, i = half word
DRAW_ODD_STUB: Final = 210  # configuration: who gets one stub more when their number is odd
DRAW_INDEPENDENT_PAIRS: Final = 211  # Erdos-Renyi: gaps within row j
DRAW_ATTACHMENT: Final = 212  # Barabasi-Albert: the i-th trial of newcomer j
DRAW_ATTACHMENT_ORDER: Final = 213  # Barabasi-Albert: which person is which arrival
