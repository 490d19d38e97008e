"""votes: a set of those who have ever voted."""

from __future__ import annotations

from koubei_sim.core.bits import has, insert
from koubei_sim.core.compiling import part


@part
def note_vote(s, r, i, j):
    """Note that user `i` has joined node `j`, where that is a vote."""
    if r.node_votes[j] == 1:
        insert(s.voters, i)


@part
def committed(s, r, i):
    """Return what having voted adds to the utility of a good of ours."""
    return r.vote_weight if has(s.voters, i) else 0.0
