"""What a person writes: scenarios, their parameters with units and provenance, and presets.

`Scenario` is the door; the parts (`Segment`, `Channel`, ...) are models of their own.  Imports
only errors and the sizes of `core.codes`.
"""

from koubei_sim.model.scenario.conduct import Hearing, Loyalty, Participation, Service, Telling
from koubei_sim.model.scenario.market import Costs, Market, RivalPhase, Round, Seeding, Supply
from koubei_sim.model.scenario.neutral import MODULES, active
from koubei_sim.model.scenario.offers import Event, Media, Milestone, Node, Product
from koubei_sim.model.scenario.parameters import Row, parameter_table, parameter_table_json
from koubei_sim.model.scenario.people import Channel, NetworkSpec, Segment
from koubei_sim.model.scenario.scenario import Scenario

__all__ = [
    "MODULES",
    "Channel",
    "Costs",
    "Event",
    "Hearing",
    "Loyalty",
    "Market",
    "Media",
    "Milestone",
    "NetworkSpec",
    "Node",
    "Participation",
    "Product",
    "RivalPhase",
    "Round",
    "Row",
    "Scenario",
    "Seeding",
    "Segment",
    "Service",
    "Supply",
    "Telling",
    "active",
    "parameter_table",
    "parameter_table_json",
]
