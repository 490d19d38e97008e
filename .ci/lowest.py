"""Print the lowest releases that pyproject.toml allows, as constraints for pip.

``python .ci/lowest.py > lowest.txt; pip install -c lowest.txt '.[tests]'``
"""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))[
    "project"
]
extras = project["optional-dependencies"]
wanted = [*project["dependencies"]]
for extra in ("tests", "dask", "calibrate", "notebooks", "app", "excel", "mesa-viz"):
    wanted += extras[extra]
for line in wanted:
    found = re.fullmatch(r"([A-Za-z0-9_.-]+)>=([0-9a-z.]+)(,.*)?", line)
    if found:
        print(f"{found[1]}=={found[2]}")
