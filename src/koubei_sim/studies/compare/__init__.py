"""Scenarios against each other on the same luck, and what their difference comes from."""
