"""Loops of the room `evidence`, compiled."""
"""Kernels of the room: loops over arrays, which validate nothing and format nothing.

Called by `evidence.telling`, `evidence.takeup` and `evidence.credit`.
"""
"""Loops of the room evidence: arithmetic on arrays, which checks and formats nothing."""
