"""Histories with names on: daily tables (`tables`), logs and groups of people (`events`).

`attributes` says where they come from; `guarded` keeps the daily tables from being spread over
every combination of their names.
Called by `results` and `simulate`.
"""

from __future__ import annotations

from koubei_sim.runs.dataset.attributes import RECIPE as RECIPE
from koubei_sim.runs.dataset.attributes import attributes_from as attributes_from
from koubei_sim.runs.dataset.attributes import recipe_in as recipe_in
from koubei_sim.runs.dataset.events import batches_from as batches_from
from koubei_sim.runs.dataset.events import events_from as events_from
from koubei_sim.runs.dataset.events import frame_from as frame_from
from koubei_sim.runs.dataset.events import groups_from as groups_from
from koubei_sim.runs.dataset.events import rows_of as rows_of
from koubei_sim.runs.dataset.tables import _blocks as _blocks
from koubei_sim.runs.dataset.tables import dataset_from as dataset_from
from koubei_sim.runs.dataset.tables import dates_of as dates_of
from koubei_sim.runs.dataset.tables import described as described
from koubei_sim.runs.dataset.tables import dims_of as dims_of
from koubei_sim.runs.dataset.tables import names_of as names_of
from koubei_sim.runs.dataset.tables import scale_of as scale_of
from koubei_sim.runs.dataset.tables import tables_from as tables_from
from koubei_sim.runs.dataset.tables import tidy_batches as tidy_batches
from koubei_sim.runs.dataset.tables import tidy_frame as tidy_frame
from koubei_sim.runs.dataset.tables import variables_of as variables_of
