"""Numbers of a rule that differ from replicate to replicate: ``cascade(.., parameters=)``.

A draw of a prior, a particle of a fit or a message with a strength of its own is one replicate with
numbers of its own.  The rule is made ready anew for each run of replicates with equal numbers, on
arcs that are laid out once, and goes through the kernel that it has without: replicate r is, byte
for byte, replicate r of a call with those numbers alone.  Called by `run` and `runner`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.rules.base import Prepared, Rule
from koubei_sim.errors import KoubeiError


def columns_of(
    rule: Rule, parameters: Any, replicates: int | None
) -> dict[str, NDArray[Any]] | None:
    """Return one array a name, all of one length, or None where nothing is given.

    Raises
    ------
    KoubeiError
        Not a mapping, names that the rule does not have, arrays of other lengths, no numbers.
    """
    if parameters is None:
        return None
    if not isinstance(parameters, Mapping) or not parameters:
        raise KoubeiError(
            "parameters", "not a mapping of names to arrays", got=type(parameters).__name__,
            allowed="{name: (replicates,) array}",
        )  # fmt: skip
    known = rule.per_replicate
    found: dict[str, NDArray[Any]] = {}
    wanted = replicates
    for name, given in parameters.items():
        if name not in known:
            raise KoubeiError(
                f"parameters[{name}]", f"not a number of {type(rule).__name__}",
                allowed=", ".join(known) or "none",
            )  # fmt: skip
        try:
            array = np.asarray(given)
        except ValueError:
            array = np.empty((0, 0))
        if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iuf":
            raise KoubeiError(
                f"parameters[{name}]", "not one number a replicate",
                got=f"{array.dtype.name} of shape {array.shape}", allowed="(replicates,) numbers",
            )  # fmt: skip
        wanted = array.size if wanted is None else wanted
        if array.size != wanted:
            raise KoubeiError(
                f"parameters[{name}]", "not one number a replicate", got=array.size,
                allowed=str(wanted),
            )  # fmt: skip
        found[str(name)] = array.copy()
    return found


class Varied:
    """A rule with numbers of their own for runs of replicates.

    Parameters
    ----------
    rule : Rule
    columns : dict of str to (R,) array
        As `columns_of` gives them.
    graph, key, horizon
        What `Rule.prepare` takes.

    Raises
    ------
    KoubeiError
        A number that the rule does not take, with its name and place.
    """

    def __init__(
        self,
        rule: Rule,
        columns: Mapping[str, NDArray[Any]],
        graph: Any,
        key: int,
        horizon: float | None,
    ) -> None:
        self.columns = dict(columns)
        self.graph, self.key, self.horizon = graph, key, horizon
        self.counted = False
        table = np.column_stack([np.asarray(c, np.float64) for c in columns.values()])
        changes = np.ones(table.shape[0], bool)
        # NaN differs from itself: it starts a run of its own and is refused there.
        changes[1:] = (table[1:] != table[:-1]).any(axis=1)
        self.starts = np.append(np.flatnonzero(changes), table.shape[0])
        self.run_of = np.cumsum(changes) - 1
        self.rules = [self._made(rule, int(row)) for row in self.starts[:-1]]
        # What only the graph can refuse (rates too large for a tick) shows at the ends of a range.
        rows = np.concatenate([table.argmin(axis=0), table.argmax(axis=0)])
        for row in np.unique(rows).tolist():
            try:
                self.prepared(row)
            except KoubeiError as error:
                raise self._refused(error, row) from None

    def _made(self, rule: Rule, row: int) -> Rule:
        try:
            return rule.with_numbers(
                {name: column[row].item() for name, column in self.columns.items()}
            )
        except KoubeiError as error:
            raise self._refused(error, row) from None

    def _refused(self, error: KoubeiError, row: int) -> KoubeiError:
        names = [name for name in self.columns if str(error.where).split(" ")[0] == name]
        name = names[0] if names else next(iter(self.columns))
        return KoubeiError(
            f"parameters[{name}][{row}]", error.what, got=error.got, allowed=error.allowed,
            fix=error.fix,
        )  # fmt: skip

    def prepared(self, row: int) -> Prepared:
        """Return the rule of a replicate, counted from the first of the call, ready to run."""
        found = self.rules[self.run_of[row]].prepare(self.graph, self.key, self.horizon)
        if self.counted and found.counted is not None:
            return found.counted()
        return found

    def end(self, row: int) -> int:
        """Return the replicate after the last that has the numbers of this one."""
        return int(self.starts[self.run_of[row] + 1])


def described(parameters: Mapping[str, NDArray[Any]] | None) -> str:
    """Return which numbers differ, and from where to where, for a look at a result."""
    if not parameters:
        return ""
    parts = [
        f"{name} {float(np.min(each)):.6g} .. {float(np.max(each)):.6g}"
        for name, each in parameters.items()
    ]
    return ", ".join(parts)
