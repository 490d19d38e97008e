"""Draw the figures of the page on verification (about two minutes on two cores).

``python docs/figures/verification/make.py`` runs a few replications at their quick scale and writes
one PNG each beside this file.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # where the folder of them stands

from verification import replicate
from verification.report import write

HERE = Path(__file__).parent
SHOWN = ("cascade-window", "purity", "centola-macy", "bass-curves", "nethept", "borel")

if __name__ == "__main__":
    for name in SHOWN:
        for path in write(replicate(name), HERE):
            if path.suffix == ".csv":  # the tables stand in the page
                path.unlink()
