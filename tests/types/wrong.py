"""Slips that a type checker must report, each on a line that ends in `# wrong`; never run."""

from __future__ import annotations

from pathlib import Path

import koubei_sim as kb


def slips(r: kb.Result, net: kb.Network, ax: object) -> None:
    kb.run("tiny", engine="compield")  # wrong
    kb.run("tiny", replicates="20")  # wrong
    kb.run("tiny", changes=0.3)  # wrong
    kb.run("tiny", mechanisms=[3])  # wrong
    kb.cascade(net, kb.SIR(0.1, 0.2), [1], record="tree")  # wrong
    kb.cascade(net, kb.SIR(0.1, 0.2), [1], by="name")  # wrong
    kb.SIR(0.1, 0.2, duration="fixed")  # wrong
    kb.sweep("tiny", {"seeding.purity": [0.1]}, backend="processes")  # wrong
    kb.sensitivity("tiny", method="sobl")  # wrong
    kb.plots.pyramid(r, lang="de")  # wrong
    kb.plots.pyramid(r, ax="left")  # wrong
    kb.plots.save_all(r, Path("figures"), format="jpeg")  # wrong
    r.scenario.describe("fr")  # wrong
    r.scenario.replce(ticks=3)  # wrong
    kb.Network.from_edges([0], [1], parallel="add")  # wrong
    kb.ensemblee("xiaomi", 8)  # wrong
