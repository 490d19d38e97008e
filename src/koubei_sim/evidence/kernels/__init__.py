"""Kernels of the room: loops over arrays, which validate nothing and format nothing.

Called by the modules of the room.
"""
