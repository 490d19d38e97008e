"""Which parameters an outcome hangs on: one at a time, Morris' screening, Sobol's indices."""

from koubei_sim.studies.sensitivity.sensitivity import MOST_UNDEFINED, Sensitivity, sensitivity

__all__ = ["MOST_UNDEFINED", "Sensitivity", "sensitivity"]
