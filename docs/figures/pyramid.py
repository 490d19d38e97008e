"""Draw the picture of the README: sixteen worlds of the posterior of `xiaomi` (two minutes).

``python docs/figures/pyramid.py`` writes `pyramid.png` beside this file.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import koubei_sim as kb
from koubei_sim.plots import pyramid

if __name__ == "__main__":
    worlds = kb.ensemble("xiaomi", 16).run(rng=20111216, threads=2)
    pyramid(worlds).figure.savefig(Path(__file__).with_suffix(".png"), dpi=150)
