"""Draw the figures of the page on replications (about two minutes on two cores).

``python docs/figures/replications/make.py`` runs a few replications at their quick scale and writes
one PNG each beside this file.
"""

from pathlib import Path

from koubei_sim.cli.replicate import write
from koubei_sim.replications import replicate

HERE = Path(__file__).parent
SHOWN = ("cascade-window", "purity", "centola-macy", "bass-curves", "nethept", "borel")

if __name__ == "__main__":
    for name in SHOWN:
        for path in write(replicate(name), HERE):
            if path.suffix == ".csv":  # the tables stand in the page
                path.unlink()
