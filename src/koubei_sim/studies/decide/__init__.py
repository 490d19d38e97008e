"""Decide: which of many designs to take under a budget, and what would be worth knowing first."""
