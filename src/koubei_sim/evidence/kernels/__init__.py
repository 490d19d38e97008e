"""Loops of the room `evidence`: arithmetic on arrays, which checks and formats nothing."""
"""Kernels of the room: loops over arrays, which validate nothing and format nothing.

Called by the modules of the room.
"""
