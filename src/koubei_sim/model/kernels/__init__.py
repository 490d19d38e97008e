"""The compiled twin of the fan pyramid model: one file per submodel, named as in docs/model.md.

`schedule.advance` runs ticks, `seeding.start` prepares the state; `model/compiled.py` calls
both.  Everything here is numba on flat arrays: ``s`` is a `state.State`, ``r`` the rules and
``row`` the tick's row of the daily table.  Nothing here checks its input.
"""
