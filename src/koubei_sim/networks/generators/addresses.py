"""Where the network generators draw their random numbers: the purposes of their addresses.

A draw of a generator has the address ``(key, replicate, purpose, layer, j, i)`` of
`koubei_sim.core.draws`; the field that holds the tick in a run holds the number of the layer
here.  The codes below belong to the networks alone (200 to 255) and are never reused: two
generators given the same key share no draw.
"""

from __future__ import annotations

from typing import Final

POPULARITY: Final = 200  # follow graph: Pareto weight of person i
FOLLOWERS: Final = 201  # follow graph: gaps between followers, j = the person followed
FRIEND_ORDER: Final = 202  # small world: place of person i on the circle of communities
FRIEND_SECTION: Final = 203  # small world: does person i sit with its own group, and where else
COMMUNITY_SIZE: Final = 204  # small world: size of community i
FRIEND_REWIRE: Final = 205  # small world: is tie i = (place << 16 | offset) rewired, does it exist
FRIEND_FAR: Final = 206  # small world: the far end of a rewired tie i
DEGREES: Final = 207  # configuration: Pareto weight of person i
DEGREE_ROUNDING: Final = 208  # configuration: rounding of the degree of person i
MATCHING: Final = 209  # configuration: Feistel table, j = round, i = half word
ODD_STUB: Final = 210  # configuration: who gets one stub more when their number is odd
INDEPENDENT_PAIRS: Final = 211  # Erdos-Renyi: gaps within row j
ATTACHMENT: Final = 212  # Barabasi-Albert: the i-th trial of newcomer j
ATTACHMENT_ORDER: Final = 213  # Barabasi-Albert: which person is which arrival
