"""Every rule owns itself: what a new one touches, and the shape that all kernels share.

The scans are first shown a text that has the fault.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

import koubei_sim
from koubei_sim.cascades import rules

SOURCE = Path(koubei_sim.__file__).parent
DOCS = SOURCE.parents[1] / "docs" / "cascades.md"
LIST = "cascades/rules/__init__.py"
#: Another way to compute a rule, which has to know it.
USERS = {"IndependentCascade": {"cascades/paired.py"}}
MOST_ARGUMENTS = 8
COMPILERS = re.compile(r"\b(?:n?jit|kernel|part)\b")


@functools.cache
def words(text: str) -> set[str]:
    """Names that code speaks of: variables, attributes, imports; no text and no comments."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            found.add(node.name)
    return found


def compiled(text: str) -> dict[str, ast.FunctionDef]:
    """Functions of a module that numba compiles."""
    return {
        node.name: node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and any(COMPILERS.search(ast.unparse(mark)) for mark in node.decorator_list)
    }


def large(text: str) -> set[str]:
    """Compiled functions with more arguments than there may be."""
    return {
        name
        for name, node in compiled(text).items()
        if len(node.args.args) + len(node.args.kwonlyargs) > MOST_ARGUMENTS
    }


def files(*folders: str) -> dict[str, str]:
    """Texts of the files below some folders, by name."""
    return {
        path.relative_to(SOURCE).as_posix(): path.read_text("utf-8")
        for folder in folders
        for path in sorted((SOURCE / folder).rglob("*.py"))
    }


def test_the_scans_see_what_they_look_for() -> None:
    """Catches a scan that finds nothing: a rule named elsewhere, a long list of arguments."""
    assert "SIS" in words("from koubei_sim.cascades.rules import SIS")
    assert "SIS" in words("x = isinstance(rule, rules.SIS)")
    assert "SIS" not in words('"""Of SIS."""  # SIS')
    wide = ", ".join(f"a{k}" for k in range(9))
    for mark in ("njit(cache=True)", "njit", "kernel", "part"):
        assert large(f"@{mark}\ndef f({wide}): pass") == {"f"}
    assert not large(f"def f({wide}): pass")


@pytest.mark.parametrize("kind", rules.FAMILIES, ids=lambda kind: kind.__name__)
def test_a_rule_stands_in_its_family_the_list_and_the_norm(kind: type[rules.Rule]) -> None:
    """Catches a rule that other files must know: adding one would touch them too.

    A new rule touches four files at most: its family, its kernel, the list of families, the norm.
    """
    name = kind.__name__
    family = f"{kind.__module__.partition('.')[2].replace('.', '/')}.py"
    texts = files("cascades", "cli")
    named = {file for file, text in texts.items() if name in words(text)}
    named = {file for file in named if "/kernels/" not in file}  # these have codes of like names
    assert named - USERS.get(name, set()) == {family, LIST}
    assert f"`{name}" in DOCS.read_text("utf-8")
    help_of_command = re.sub(r'"\s+"', "", texts["cli/cascade.py"])
    assert re.search(rf"[ \"]{kind.command}(?:,| or |\.)", help_of_command)
    batches = {word for word in words((SOURCE / family).read_text("utf-8")) if "_batch" in word}
    assert batches, "no kernel of its own"


def test_no_kernel_takes_more_arguments_than_a_reader_can_hold() -> None:
    """Catches lists of arguments that grow again in place of a block, anywhere in the library."""
    planted = "@kernel\ndef long(a, b, c, d, e, f, g, h, i):\n    return a\n"
    assert list(large(planted)) == ["long"]
    assert [name for text in files("").values() for name in large(text)] == []


def test_every_batch_is_the_one_frame() -> None:
    """Catches a batch kernel with a loop of its own over replicates: seeds and outputs twice."""
    frames = 0
    for file, text in files("cascades/kernels").items():
        for name, node in compiled(text).items():
            if name.endswith("_batch") and name not in ("run_batch", "paired_batch"):
                last = ast.unparse(node.body[-1])
                assert last.startswith("return run_batch("), f"{file} {name}: {last}"
                frames += 1
    assert frames >= 12
