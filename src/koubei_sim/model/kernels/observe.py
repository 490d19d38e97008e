"""observe: the stocks at the end of the tick join its flows in the daily table."""

from __future__ import annotations

from koubei_sim.core.compiling import part


@part
def observe(s, row):
    """Copy the stocks to the first columns of the tick's row."""
    for k in range(s.stocks.size):
        row[k] = s.stocks[k]
