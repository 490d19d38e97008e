"""What a person writes: scenarios, their parameters with units and provenance, and presets.

`Scenario` is the door; its tables (`Segment`, `Channel`, ...) are models of their own, made of the
parameters that the mechanisms declare.
"""

from koubei_sim.model.mechanisms.channels import NetworkSpec
from koubei_sim.model.mechanisms.participation import Node
from koubei_sim.model.mechanisms.rival import RivalPhase
from koubei_sim.model.mechanisms.seeding import Seeding
from koubei_sim.model.mechanisms.supply import Round, Supply
from koubei_sim.model.scenario.composites import composites
from koubei_sim.model.scenario.neutral import MODULES, active
from koubei_sim.model.scenario.parameters import Row, parameter_table, parameter_table_json
from koubei_sim.model.scenario.parts import (
    Channel,
    Costs,
    Event,
    Hearing,
    Loyalty,
    Market,
    Media,
    Milestone,
    Participation,
    Product,
    Segment,
    Service,
    Telling,
)
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
    "composites",
    "parameter_table",
    "parameter_table_json",
]
