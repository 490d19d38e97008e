"""hear: the order in which what was told today arrives (docs/model.md, section 5)."""

from __future__ import annotations

from koubei_sim.core.compiling import part
from koubei_sim.model.kernels.appeal import amplify
from koubei_sim.model.kernels.boards import board
from koubei_sim.model.kernels.feeds import count_arrivals, hear_feeds
from koubei_sim.model.kernels.press import own_media


@part
def hear(s, r, t, row):
    """Run the whole step; the order is that of docs/model.md."""
    from_boards = 0
    for c in range(r.n_channels):
        if r.is_board[c] == 1:
            from_boards += s.told[0, c] + s.told[1, c]
        elif r.attention_on == 1:
            count_arrivals(s, c)
    hear_feeds(s, r, t, 1, row)
    if from_boards > 0:
        for c in range(r.n_channels):
            if r.is_board[c] == 1 and s.told[1, c] > 0:
                board(s, r, t, c, 1, 0, row)
    hear_feeds(s, r, t, 0, row)
    if from_boards > 0:
        for c in range(r.n_channels):
            if r.is_board[c] == 1 and s.told[0, c] > 0:
                for k in range(r.n_products):
                    board(s, r, t, c, 0, k, row)
    own_media(s, r, t, row)
    amplify(s, r, t, row)
