"""Loops of the room `evidence`: arithmetic on arrays, which checks and formats nothing."""
