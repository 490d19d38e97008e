"""Draw the picture of the README: four replicates of the preset `xiaomi` (about a minute).

``python docs/figures/pyramid.py`` writes `pyramid.png` beside this file.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import koubei_sim as kb
from koubei_sim.plots import pyramid

if __name__ == "__main__":
    result = kb.run("xiaomi", replicates=4, rng=20100816, threads=2)
    pyramid(result).figure.savefig(Path(__file__).with_suffix(".png"), dpi=150)
