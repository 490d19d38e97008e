"""The engine of all studies: runs on a backend, a journal that survives being killed, a tidy table.

`sweep` runs a scenario at many points; the other studies hand it their own plans.
"""
