"""What others read about the project: citation, archives, recipes, workflows, templates.

Catches: a version or a list of dependencies that one file has and another has not, a file that its
reader cannot parse, a workflow that calls what is not there.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import koubei_sim as kb

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(name: str) -> Any:
    text = (ROOT / name).read_text("utf-8")
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def test_citation_archives_and_project_say_the_same() -> None:
    citation, codemeta, zenodo = map(read, ("CITATION.cff", "codemeta.json", ".zenodo.json"))
    recipe = read("packaging/conda/recipe.yaml")
    versions = {citation["version"], codemeta["version"], zenodo["version"]}
    assert versions | {recipe["context"]["version"]} == {kb.__version__}
    for keywords in (citation["keywords"], codemeta["keywords"], zenodo["keywords"]):
        assert keywords == PROJECT["keywords"]
    assert codemeta["description"] == PROJECT["description"]
    assert zenodo["title"] == citation["title"]
    assert zenodo["description"] == " ".join(citation["abstract"].split())
    assert {citation["license"], zenodo["license"], recipe["about"]["license"]} == {"MIT"}
    assert codemeta["license"].endswith("/MIT") and PROJECT["license"] == "MIT"
    authors = [one["name"] for one in PROJECT["authors"]]
    for others in (citation["authors"], codemeta["author"], zenodo["creators"]):
        assert [one["name"] for one in others] == authors
    assert codemeta["runtimePlatform"] == f"Python {PROJECT['requires-python']}"


def test_conda_needs_what_pip_needs() -> None:
    """Catches a dependency or a bound that the recipe of conda has not."""
    names = {"matplotlib": "matplotlib-base"}  # what conda calls it
    found = read("packaging/conda/recipe.yaml")
    wanted = {f"python {PROJECT['requires-python']}"}
    for line in PROJECT["dependencies"]:
        name, bounds = re.fullmatch(r"([\w.-]+)(.*)", line).groups()  # type: ignore[union-attr]
        wanted.add(f"{names.get(name, name.lower())} {bounds}")
    assert set(found["requirements"]["run"]) == wanted
    (entry,) = found["build"]["python"]["entry_points"]
    assert entry == f"koubei = {PROJECT['scripts']['koubei']}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_what_is_there(path: Path) -> None:
    """Catches a target of make or a script that a workflow calls and nobody has."""
    found = yaml.safe_load(path.read_text("utf-8"))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    runs = [step["run"] for job in found["jobs"].values() for step in job["steps"] if "run" in step]
    assert runs and found[True]  # YAML takes the word `on` for yes
    for run in runs:
        command, *words = run.split()
        if command == "make":
            assert words[0] in targets, run
        else:
            assert (ROOT / command).is_file(), run
    assert found["permissions"] == {"contents": "read"}


def test_every_promised_python_is_tried() -> None:
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    matrix = read(".github/workflows/versions.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == promised and matrix["releases"] == ["lowest", "newest"]


def test_templates_and_container_can_be_read() -> None:
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        found = yaml.safe_load(path.read_text("utf-8"))
        assert path.stem == "config" or {"name", "description", "body"} <= set(found)
    container = read(".devcontainer/devcontainer.json")
    assert container["postCreateCommand"] == "make setup-dev"
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert container["image"] == f"python:{promised[-1]}"


def test_direct_imports_are_direct_dependencies() -> None:
    """Catches a library that is here only because another one brings it along."""
    needed = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    known = {re.split(r"[<>=\[]", line)[0].lower().replace("-", "_") for line in needed}
    known |= {"koubei_sim", "verification", *(name.lower() for name in sys.stdlib_module_names)}
    pattern = re.compile(r"^\s*(?:from|import) (\w+)|import_module\(\"(\w+)", re.M)
    found: dict[str, str] = {}
    for path in (ROOT / "src").rglob("*.py"):
        text = re.sub(r'"""[\s\S]*?"""', "", path.read_text("utf-8"))
        for one, other in pattern.findall(text):
            found.setdefault((one or other).lower(), str(path))
    assert {name: path for name, path in found.items() if name not in known} == {}
    assert {"loky", "numba", "mesa"} <= set(found)
