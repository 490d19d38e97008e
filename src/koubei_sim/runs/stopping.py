"""How work ends that nobody waits for any more.  Raised in threads of `lanes` and `work`."""

from __future__ import annotations


class Stopped(BaseException):
    """Raised inside a run that was called off; no failure of the run, so no `Exception`."""
