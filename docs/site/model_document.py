"""The model document: ODD (what the model is) and TRACE (why one may trust it), made from the code.

Every table comes from a registry of the library when the site is built: mechanisms, schedule,
parameters, draws, columns, verifications, presets, claims; sections of text come from
docs/model.md.  The one list that is written by hand, which module belongs to which design concept,
must name every module once or the build fails.  Called by `make_site.py`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import stage
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import OUTCOMES
from koubei_sim.model.kernels.schedule import SCHEDULE
from koubei_sim.model.mechanisms import COMPOSITES, MECHANISMS, MODULES
from koubei_sim.model.mechanisms.declaration import arrays_of
from koubei_sim.model.mechanisms.fields import STRUCTURE
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.studies.claims import verdicts

#: Design concept of ODD -> what it means in this model, the modules that carry it.
CONCEPTS: dict[str, tuple[str, str]] = {
    "Basic principles": (
        "Influence is hearing: what people hear adds up as hazard, and likeness (homophily) is "
        "kept apart from it. Each mechanism can be switched off exactly.",
        "awareness reinforcement ties homophily negativity fidelity taint leak forgetting",
    ),
    "Emergence": (
        "Sizes, speed and shape of the spread, the tiers, and whether it takes off at all are not "
        "put in; these modules shape them most directly.",
        "loyalty tiers churn stay lapse decay returns rejection rival",
    ),
    "Adaptation": (
        "People change what they do with what they have lived through.",
        "fatigue recovery novelty lurkers unfollowing copying belonging trials",
    ),
    "Objectives": (
        "People maximise nothing. They adopt, stay and tell by chance with rates that depend on "
        "fit, engagement and satisfaction.",
        "taste price effort bar_expert goods hunters welcome gate",
    ),
    "Learning": (
        "The product learns from reports; people come to expect what they get.",
        "learning own_work backlog expectations votes deeds",
    ),
    "Prediction": ("Nobody predicts. Who waits gives up after a time.", "waiting supply"),
    "Sensing": (
        "People sense what is told on their channels, within limits, and what the firm shows.",
        "attention media press amplification talking_points riddles posts",
    ),
    "Interaction": (
        "Tellers and listeners meet on feeds, boards and in person; users and staff answer.",
        "relays replies bonds dilution service moderation complaints team meetings referral "
        "sharing likes riding appeal",
    ),
    "Stochasticity": (
        "Every chance event is a draw with an address; the table of draws stands below.",
        "activity",
    ),
    "Collectives": (
        "Kinds of people (segments) and the members of a channel; fans are a tier, not a group.",
        "segments registration by_hand seeds_stay participation events contests",
    ),
    "Observation": (
        "One daily table and one event log; the columns stand below.",
        "stories honour surprises crowding_out",
    ),
}

HEAD = """# The model document: ODD and TRACE

After this page you can say what the model consists of, part by part (ODD), and what was done to
find out whether it may be trusted (TRACE). The tables are made from the library itself, version
{version}, when this site is built; nothing in them is copied by hand. The exact rules stand in
[the specification](model.md).

ODD is the protocol of Grimm et al. (2020) for describing agent-based models; TRACE that of Grimm et
al. (2014) for their evaluation.
"""

PARAMETERS = """# Parameters

After this page you can look up any of the {count} numbers and words of a scenario: what it means,
in which unit, what it may be, and where its value comes from.

A dotted path names a parameter: `scenario.replace(**{{"seeding.purity": 0.3}})`, in a shell
`--set seeding.purity=0.3`. A star stands for any name, such as that of a channel. At its *neutral*
value a parameter switches its mechanism off exactly; a dash stands where nothing can be switched
off. *From* is a source, or the word assumption. `koubei params SCENARIO` prints the same table with
the values of a scenario.
"""


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return a Markdown table; bars and breaks in cells are kept from ending them."""
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [str(cell).replace("|", "\\|").replace("\n", " ") for cell in row]
        out.append("| " + " | ".join(cells) + " |")
    return [*out, ""]


def section(title: str) -> list[str]:
    """Return the text of a section of docs/model.md, without its heading.

    Examples
    --------
    >>> section("3. Process overview: the schedule")[1].startswith("Fixed order")
    True
    """
    text = (stage.ROOT / "docs" / "model.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise KoubeiError("docs/model.md", f"has no section {title!r}")
    return found[1].rstrip().splitlines() + [""]


def purpose_of(mechanism: Any) -> str:
    """Return what the file of a mechanism says that it is, in one line."""
    for name, module in sys.modules.items():
        if name.startswith("koubei_sim.model.mechanisms.") and mechanism in vars(module).values():
            first = (module.__doc__ or "").split("\n\n")[0].split("\n")[0]
            return first.partition(": ")[2] or first
    raise KoubeiError(mechanism.name, "is declared in no file")


def concepts() -> list[str]:
    """Return the design concepts with their modules; every module stands at one of them."""
    named = Counter(name for _, names in CONCEPTS.values() for name in names.split())
    wrong = sorted((set(MODULES) ^ set(named)) | {name for name, n in named.items() if n > 1})
    if wrong:
        raise KoubeiError("model_document.CONCEPTS", "must name each module once", got=wrong)
    out = []
    for concept, (meaning, names) in CONCEPTS.items():
        out += [f"**{concept}.** {meaning}", ""]
        out += [f"- `{name}`: {MODULES[name].en}" for name in names.split()]
        out += [""]
    return out


def odd() -> list[str]:
    """Return the seven elements of ODD."""
    out = ["## ODD 1. Purpose and patterns", "", *section("1. Purpose and patterns")]
    out += ["## ODD 2. Entities, state variables, scales", ""]
    out += section("2. Entities, state variables, scales")
    out += ["What each mechanism keeps, as it is declared:", ""]
    state = []
    for mechanism in MECHANISMS:
        person = [slot.name for slot in (*mechanism.listener, *mechanism.actor)]
        arrays = [name for name, _ in arrays_of(mechanism.state)] if mechanism.state else []
        if person or arrays:
            state.append([f"`{mechanism.name}`", _codes(dict.fromkeys(person)), _codes(arrays)])
    out += table(["mechanism", "of a person", "of the world"], state)
    out += ["## ODD 3. Process overview and scheduling", ""]
    out += section("3. Process overview: the schedule")
    out += ["The same, as the code runs it; a step for *each part* can run on several threads:", ""]
    steps = [
        [i, f"`{step.run.__name__}`" if step.run else "mechanisms of your own", step.scope,
         ", ".join(step.holds)]
        for i, step in enumerate(SCHEDULE, start=1)
    ]  # fmt: skip
    out += table(["", "step", "for", "submodels"], steps)
    out += ["## ODD 4. Design concepts", "", *concepts()]
    out += ["### Draws", "", "What chance decides, and where each draw has its address:", ""]
    out += table(
        ["mechanism", "purpose", "address: tick, field; person unless said"],
        [[f"`{m.name}`", int(p), p.address] for m in MECHANISMS for p in m.purposes],
    )
    out += ["### What is observed", ""]
    out += table(
        ["column of the day", "along", "unit", "meaning"],
        [
            [f"`{column.variable}`", column.along, column.unit, column.meaning]
            for column in sorted(column for m in MECHANISMS for column in m.columns)
        ],
    )
    out += [f"And {len(OUTCOMES)} outcomes, one number a replicate: [columns](columns.md).", ""]
    out += ["## ODD 5. Initialisation", ""]
    out += [
        "Every replicate begins with people, graphs and seeds that the key decides; the arithmetic "
        "is [section 8 of the specification](model.md#8-tables-what-the-parameters-become). "
        "Scenarios that come with the library:",
        "",
    ]
    presets = [Scenario.load(name) for name in Scenario.presets()]
    out += table(
        ["preset", "what it is", "agents", "persons an agent", "days", "seeds"],
        [
            [f"`{one.name}`", one.title, f"{one.n_agents:,}", f"{one.people_per_agent:g}",
             one.ticks, f"{one.seeding.number:g}"]
            for one in presets
        ],
    )  # fmt: skip
    out += ["## ODD 6. Input data", ""]
    out += ["None while it runs. Graphs and a table of people may be given: [](your-data.md).", ""]
    return [*out, *submodels()]


def submodels() -> list[str]:
    """Return element 7: mechanisms, modules, composites, all parameters."""
    out = [
        "## ODD 7. Submodels",
        "",
        f"{len(MECHANISMS)} mechanisms, each declared in one file:",
        "",
    ]
    out += table(
        ["mechanism", "what it is", "modules that switch it"],
        [
            [f"`{m.name}`", purpose_of(m), _codes(module.name for module in m.modules)]
            for m in MECHANISMS
        ],
    )
    out += ["### Modules and what switches them off", ""]
    out += ["`scenario.neutral(NAME)` sets these parameters to their neutral values:", ""]
    out += table(
        ["module", "what it says when on", "parameters"],
        [[f"`{name}`", module.en, _codes(module.parameters)] for name, module in MODULES.items()],
    )
    out += ["### Composites", ""]
    out += table(["composite", "unit", "is"], [[f"`{c.name}`", c.unit, c.what] for c in COMPOSITES])
    out += ["### Parameters", ""]
    out += [f"All {len(parameter_table())} stand on [a page of their own](parameters.md).", ""]
    return out


def parameters() -> str:
    """Return the page of all parameters."""
    rows = parameter_table()
    out = [PARAMETERS.format(count=len(rows))]
    for part in dict.fromkeys(_part(row.path) for row in rows):
        out += [f"## {part}", ""]
        out += table(
            ["parameter", "meaning", "unit", "range", "default", "neutral", "from"],
            [
                [f"`{row.path}`", row.description, row.unit, row.range, _value(row.default),
                 _neutral(row.neutral), row.provenance]
                for row in rows if _part(row.path) == part
            ],
        )  # fmt: skip
    return "\n".join(out)


def trace() -> list[str]:
    """Return the eight elements of TRACE."""
    sys.path.insert(0, str(stage.ROOT))
    from verification import REPLICATIONS

    rows = parameter_table()
    sourced = [row for row in rows if not row.provenance.startswith("assumption")]
    out = ["## TRACE 1. Problem formulation", ""]
    out += ["The question and the patterns are ODD 1; [claims](claims.md) says how a question is "
            "fixed in a file before it is run.", ""]  # fmt: skip
    out += [
        "## TRACE 2. Model description",
        "",
        "ODD above, and [the specification](model.md).",
        "",
    ]
    out += ["## TRACE 3. Data evaluation", ""]
    out += [
        f"Of {len(rows)} parameters {len(rows) - len(sourced)} are assumptions and "
        f"{len(sourced)} name something outside; most of these name a form, not a value:",
        "",
    ]
    out += table(["parameter", "from"], [[f"`{row.path}`", row.provenance] for row in sourced])
    out += ["## TRACE 4. Conceptual model evaluation", ""]
    out += [
        "[Systems of the story](systems.md) holds the model against what the texts say; "
        "[decisions](model.md#6-decisions-on-points-where-the-first-design-was-silent) says what "
        "was decided where they are silent.",
        "",
    ]
    out += ["## TRACE 5. Implementation verification", ""]
    out += [
        "Two engines are written from one text by different means and must give the same bytes "
        "([how it is built](architecture.md)). Known results made again by `koubei verify` "
        "([verification](verification.md)):",
        "",
    ]
    out += table(
        ["replication", "what it makes again"],
        [[f"`{name}`", entry.what] for name, entry in REPLICATIONS.items()],
    )
    out += ["## TRACE 6. Model output verification", ""]
    out += ["Dated counts that runs are compared with, by preset (claims of the company or the "
            "press):", ""]  # fmt: skip
    milestones = [
        [f"`{name}`", one.date or f"day {one.day}", one.label, f"{one.count:,.0f}", one.source]
        for name in Scenario.presets()
        for one in Scenario.load(name).milestones
    ]
    out += table(["preset", "date", "what", "count", "source"], milestones)
    fitted = "#7-the-preset-xiaomi-what-was-fitted-what-is-assumed-what-is-free"
    out += [
        f"How presets were fitted: [section 7](model.md{fitted}), [calibration](calibration.md).",
        "",
    ]
    out += ["## TRACE 7. Model analysis", ""]
    out += ["[Sensitivity](sensitivity.md), [maps](maps.md), and [what each module does when it is "
            "switched off](limits.md).", ""]  # fmt: skip
    out += ["## TRACE 8. Model output corroboration", ""]
    out += [
        "Twenty claims, judged over the priors of all doubtful parameters by a rule that stood "
        "before the run ([experiments](experiments/README.md)); records of real adoption, each "
        "held out in turn: [from data](evidence.md).",
        "",
    ]
    found = verdicts(stage.ROOT / "experiments")
    out += table(
        ["claim", "question", "verdict", "holds in", "worlds", "state"],
        [
            [f"[{row['id']}](experiments/{row['folder']}/README.md)", row["title"],
             row["verdict"], _share(row), row.get("worlds") or "", row["state"]]
            for row in found
        ],
    )  # fmt: skip
    return out


def page() -> str:
    """Return the page."""
    from koubei_sim import __version__

    return "\n".join([HEAD.format(version=__version__), *odd(), *trace()])


def _part(path: str) -> str:
    """Return the part of a scenario to which a parameter belongs."""
    return path.partition(".")[0] if "." in path else "scenario"


def _codes(names: Iterable[str]) -> str:
    """Return names as code, one after the other."""
    return ", ".join(f"`{name}`" for name in names)


def _value(value: Any) -> str:
    """Return a value as it is written in a scenario."""
    return f"`{value}`" if value not in ("", None) else ""


def _neutral(value: Any) -> str:
    """Return a neutral value; a dash for what is no mechanism and cannot be switched off."""
    return "-" if value == STRUCTURE else _value(value)


def _share(row: dict[str, Any]) -> str:
    """Return the share of worlds in which a claim holds."""
    if row.get("share") is None:
        return ""
    return f"{row['share']:.0%} ({row['share_low']:.0%} .. {row['share_high']:.0%})"
