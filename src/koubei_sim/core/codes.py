"""Numbers with a meaning that both engines share: sizes, stages, purposes of draws, columns.

These are names, not rules: a wrong rule cannot hide here.  The address table of all draws of the
model is the block of ``PURPOSE`` constants below (generators of networks use 200 and above).
"""

from __future__ import annotations

from typing import Final

MAX_CHANNELS: Final = 8
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

# Kinds of events in the log -------------------------------------------------------------------
LOG_ADOPT: Final = 0
LOG_LAPSE: Final = 1
LOG_REJECT: Final = 2
LOG_RIVAL: Final = 3
LOG_GIVE_UP: Final = 4
LOG_KINDS: Final = ("adopt", "lapse", "reject", "rival", "give_up")

# Purposes of draws: the address table.  "tick" and "j" say what those address fields hold;
# the last field is the agent unless said otherwise. -------------------------------------------
DRAW_SEGMENT: Final = 1  # population: 0, 0
DRAW_LEVEL: Final = 2  # population: 0, 0
DRAW_ACTIVITY: Final = 3  # population: 0, 0
DRAW_MEMBER: Final = 4  # population: 0, channel
DRAW_INCOME: Final = 5  # population: 0, 0
DRAW_TASTE: Final = 6  # population: 0, 0
DRAW_TASTE_GROUP: Final = 7  # population: 0, 0
DRAW_RESIST_AWARE: Final = 8  # run: 0, 0
DRAW_RESIST_ADOPT: Final = 9  # run: 0, 0
DRAW_RESIST_REJECT: Final = 10  # run: 0, 0
DRAW_AWARE_AT_START: Final = 11  # run: 0, 0
DRAW_SEEDING: Final = 12  # run: 0, strategy (+ 16: who is named, for nomination)
DRAW_JOIN_BOARD: Final = 13  # 0, channel
DRAW_ONLINE: Final = 20  # tick, 0
DRAW_JOIN: Final = 21  # tick, node
DRAW_STORY: Final = 22  # tick, node
DRAW_REPORT: Final = 23  # tick, node (15: complaint); 64-bit priority
DRAW_RELEASE_STORY: Final = 24  # tick, product
DRAW_COMPLAIN: Final = 25  # tick, 0
DRAW_COMPLAIN_CHANNEL: Final = 26  # tick, 0
DRAW_LAPSE: Final = 27  # tick, 0
DRAW_CHURN: Final = 28  # tick, 0
DRAW_TELL: Final = 29  # tick, channel
DRAW_REPLY: Final = 30  # tick, channel
DRAW_ATTEND: Final = 31  # tick, meeting
DRAW_MEET: Final = 32  # tick, meeting; 64-bit order
DRAW_ORDER: Final = 33  # tick, 0; agent field 0
DRAW_BOARD_PICK: Final = 34  # tick, 4 * channel + product
DRAW_RIVAL: Final = 35  # number of the offer, 0
DRAW_RETURN: Final = 36  # tick, stage entered
DRAW_INVITE: Final = 37  # tick, 0; 64-bit order
DRAW_LOTTERY: Final = 38  # tick, 0; 64-bit order
DRAW_GIVE_UP: Final = 39  # tick, 0
DRAW_GIVE_UP_RIVAL: Final = 40  # tick, 0
DRAW_QUEUE: Final = 41  # tick, channel; 64-bit order
DRAW_ANSWER: Final = 42  # tick, channel

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

REPORT_OF_COMPLAINT: Final = 15

# The daily table: int64, one row a tick.  (name, width); the first column of each block follows.
TABLE: Final = (
    ("stage", 7),  # agents by stage at the end of the tick
    ("tier", 4),  # users by tier
    ("enthusiast_tier", 4),  # users who are enthusiasts, by tier
    ("segment_users", 8),  # users by segment
    ("members", 8),  # members by channel
    ("stock", 1),  # units left unsold (supply)
    ("adoptions_channel", 8),  # adoptions recruited by a person, by channel
    ("adoptions_media", 8),  # adoptions recruited by own media, by channel
    ("adoptions_segment", 8),
    ("newly_aware", 1),
    ("lapses", 1),  # unserved unhappy users who left
    ("churns", 1),  # users who left for no reason in the model
    ("rejections", 1),
    ("rival_taken", 1),  # by an offer of the rival
    ("returns", 1),
    ("waits", 1),  # agents who started to wait
    ("invited", 1),  # adopted on an invite
    ("lottery", 1),  # adopted in a sales round
    ("give_ups", 1),  # stopped waiting, back to aware
    ("give_ups_rival", 1),  # stopped waiting, went to the rival
    ("tells_positive", 8),  # tellings of users by channel and sign
    ("tells_negative", 8),
    ("tells_relay", 8),
    ("tells_waiting", 8),
    ("tells_rejecter", 8),
    ("tells_hop", 16),  # all tellings by hop
    ("replies", 8),
    ("joins", 8),  # participations by node
    ("reports", 1),  # reports filed (complaints too)
    ("reports_read", 1),
    ("complaints", 8),  # by channel
    ("answered", 8),
    ("unhelped", 8),  # handled without success
    ("dropped", 8),  # after waiting longer than patience
    ("online_users", 1),
    ("unhappy_online", 1),
    ("event_participants", 1),  # tellings under an event with a gain
    ("meeting_attendees", 1),
    ("arcs_told", 1),  # arcs of all feed tellings
    ("arcs_heard", 1),  # of these, arcs to agents of the hearing set
)


def _offsets() -> tuple[dict[str, int], int]:
    offsets, at = {}, 0
    for name, width in TABLE:
        offsets[name] = at
        at += width
    return offsets, at


TABLE_OFFSET, TABLE_WIDTH = _offsets()

T_STAGE = TABLE_OFFSET["stage"]
T_TIER = TABLE_OFFSET["tier"]
T_ENTHUSIAST_TIER = TABLE_OFFSET["enthusiast_tier"]
T_SEGMENT_USERS = TABLE_OFFSET["segment_users"]
T_MEMBERS = TABLE_OFFSET["members"]
T_STOCK = TABLE_OFFSET["stock"]
T_ADOPTIONS_CHANNEL = TABLE_OFFSET["adoptions_channel"]
T_ADOPTIONS_MEDIA = TABLE_OFFSET["adoptions_media"]
T_ADOPTIONS_SEGMENT = TABLE_OFFSET["adoptions_segment"]
T_NEWLY_AWARE = TABLE_OFFSET["newly_aware"]
T_LAPSES = TABLE_OFFSET["lapses"]
T_CHURNS = TABLE_OFFSET["churns"]
T_REJECTIONS = TABLE_OFFSET["rejections"]
T_RIVAL_TAKEN = TABLE_OFFSET["rival_taken"]
T_RETURNS = TABLE_OFFSET["returns"]
T_WAITS = TABLE_OFFSET["waits"]
T_INVITED = TABLE_OFFSET["invited"]
T_LOTTERY = TABLE_OFFSET["lottery"]
T_GIVE_UPS = TABLE_OFFSET["give_ups"]
T_GIVE_UPS_RIVAL = TABLE_OFFSET["give_ups_rival"]
T_TELLS_POSITIVE = TABLE_OFFSET["tells_positive"]
T_TELLS_NEGATIVE = TABLE_OFFSET["tells_negative"]
T_TELLS_RELAY = TABLE_OFFSET["tells_relay"]
T_TELLS_WAITING = TABLE_OFFSET["tells_waiting"]
T_TELLS_REJECTER = TABLE_OFFSET["tells_rejecter"]
T_TELLS_HOP = TABLE_OFFSET["tells_hop"]
T_REPLIES = TABLE_OFFSET["replies"]
T_JOINS = TABLE_OFFSET["joins"]
T_REPORTS = TABLE_OFFSET["reports"]
T_REPORTS_READ = TABLE_OFFSET["reports_read"]
T_COMPLAINTS = TABLE_OFFSET["complaints"]
T_ANSWERED = TABLE_OFFSET["answered"]
T_UNHELPED = TABLE_OFFSET["unhelped"]
T_DROPPED = TABLE_OFFSET["dropped"]
T_ONLINE_USERS = TABLE_OFFSET["online_users"]
T_UNHAPPY_ONLINE = TABLE_OFFSET["unhappy_online"]
T_EVENT_PARTICIPANTS = TABLE_OFFSET["event_participants"]
T_MEETING_ATTENDEES = TABLE_OFFSET["meeting_attendees"]
T_ARCS_TOLD = TABLE_OFFSET["arcs_told"]
T_ARCS_HEARD = TABLE_OFFSET["arcs_heard"]
