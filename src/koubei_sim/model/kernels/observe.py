"""observe: stocks join the flows in the daily table; the products have their path."""

from __future__ import annotations

from koubei_sim.core.compiling import part


@part
def observe(s, r, t, row):
    """Copy the stocks to the first columns of the tick's row, note the products."""
    for k in range(s.stocks.size):
        row[k] = s.stocks[k]
    for k in range(r.n_products):
        s.quality_path[t, k] = s.quality[k]
        s.difficulty_path[t, k] = s.difficulty[k]
