"""Runs: a scenario in, a `Result` out (`simulate`, `result`, `loading`), and what leans on that.

Opened by the face of the package; one file an idea.
"""
