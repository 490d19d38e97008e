"""What was tested with which releases: printed, noted, and written into docs/platforms.md.

``releases`` prints those of this Python; ``note FOLDER WHICH WORDS`` keeps them in FOLDER with what
pytest has counted there; ``table`` writes what all folders keep into the page.
"""

import json
import platform
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "platforms.md"
MARKS = "<!-- tested: .ci/versions table -->", "<!-- end -->"


def releases() -> dict[str, str]:
    """Return Python and everything that the library needs, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = {"Python": platform.python_version()}
    for line in project["dependencies"]:
        name = re.split(r"[<>=\[]", line)[0]
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def note(folder: str, which: str, words: str) -> None:
    """Keep the releases of this Python and the counts of the tests that have passed."""
    place = Path(folder)
    counts = {"tests": 0, "skipped": 0, "failures": 0, "errors": 0}
    for suite in ElementTree.parse(place / "tests.xml").getroot().iter("testsuite"):
        counts = {name: counts[name] + int(suite.get(name, 0)) for name in counts}
    if not counts["tests"] or counts["failures"] or counts["errors"]:
        sys.exit(f"not noted: {counts}")
    asked = " ".join(word for word in words.split() if word.startswith("tests")) or words
    kept = {"which": which, "words": asked, **counts, "releases": releases()}
    (place / "tested.json").write_text(json.dumps(kept, indent=1))


def table() -> None:
    """Write the releases side by side, one column an environment."""
    found = [json.loads(path.read_text()) for path in sorted(ROOT.glob(".venv-*/tested.json"))]
    if not found:
        sys.exit("nothing was tested here: .ci/versions newest, .ci/versions lowest")
    found.sort(key=lambda one: (one["which"] == "newest", one["releases"]["Python"]))
    rows = [["", *(one["which"] for one in found)], ["---"] * (len(found) + 1)]
    rows += [[name, *(one["releases"][name] for one in found)] for name in found[0]["releases"]]
    rows.append(["tests", *(one["words"].replace("tests/", "") for one in found)])
    passed = [f"{one['tests'] - one['skipped']} pass, {one['skipped']} skip" for one in found]
    rows.append(["outcome", *passed])
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    page = PAGE.read_text("utf-8")
    before, rest = page.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}", "utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "releases":
        print(*(f"{name} {found}" for name, found in releases().items()), sep="  ")
    elif sys.argv[1] == "note":
        note(*sys.argv[2:5])
    else:
        table()
