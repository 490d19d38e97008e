"""Loops of the room `evidence`, compiled."""
