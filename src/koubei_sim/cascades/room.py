"""Whether what is asked for fits into memory: predicted before work, refused in one line.

Called by `run` before anything runs, by `runner` when the first replicates have shown how large
they are, and by `paired`.
"""

from __future__ import annotations

from pathlib import Path

from koubei_sim.errors import KoubeiError

SHARE = 0.9  # of the memory there is that a call may take
ROW = 29  # bytes of an activation in the log
NUMBERS = 32  # bytes of size, events, end and number of a replicate
GROUP = Path("/sys/fs/cgroup")  # where Linux says what this process and its like may take


def available() -> int:
    """Return the bytes of memory that this process can still take.

    The least of what the machine has, what the limit of the process on its address space leaves
    (``ulimit -v``, batch systems) and what its control group leaves (containers).
    """
    import psutil

    left = [int(psutil.virtual_memory().available)]
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows has no such limits
        pass
    else:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            left.append(limit - int(psutil.Process().memory_info().vms))
    try:
        most, used = ((GROUP / f"memory.{name}").read_text().strip() for name in ("max", "current"))
        left.append(int(most) - int(used))
    except (OSError, ValueError):  # none, or no limit
        pass
    return max(0, min(left))


def check_room(
    replicates: int,
    per_replicate: float,
    fixed: float = 0.0,
    *,
    leaner: tuple[str, float] | None = None,
    where: str = "replicates",
) -> None:
    """Refuse a call that needs more memory than there is.

    Parameters
    ----------
    replicates : int
    per_replicate, fixed : float
        Bytes of one replicate, and of what does not depend on their number.
    leaner : (str, float), optional
        What else to try beside fewer replicates, and the bytes that it needs.
    where : str
        The argument to blame.
    """
    needed = replicates * per_replicate + fixed
    if needed < 1 << 26:  # not worth a look
        return
    there = available()
    if needed <= SHARE * there:
        return
    fitting = int(max(0.0, 0.8 * SHARE * there - fixed) / per_replicate)
    ways = [leaner[0]] if leaner and leaner[1] <= 0.5 * there else []
    if fitting >= 1:
        digits = 10 ** max(0, len(str(fitting)) - 2)
        ways.append(f"replicates={fitting // digits * digits}")
    raise KoubeiError(
        where,
        "more than memory holds",
        got=f"{replicates:,} replicates, about {needed / 2**30:,.1f} GiB",
        allowed=f"{there / 2**30:,.1f} GiB are free",
        fix=" or ".join(ways) or "a smaller network",
    )
