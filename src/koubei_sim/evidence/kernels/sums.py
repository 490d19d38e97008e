"""Sums over the rows of a risk set, of what each says of pushes, traits and pairs of them.

One pass over the rows in place of a product of matrices for each block: no arrays in between, and
no threads of a linear algebra library that wait for each other in a loop of many small fits.
Called by `likelihood`.
"""

from __future__ import annotations

from koubei_sim.core.compiling import kernel


@kernel
def summed(period, bins, pushes, traits, says, gradient, curvature):
    """Add up gradient (P,) and the upper triangle of the curvature (P, P).

    ``says`` (5, rows) holds, for each row, the slope to a push and to a trait, and the bends of two
    pushes, of a push and a trait, and of two traits.
    """
    rows, k_all = pushes.shape
    j_all = traits.shape[1]
    first = bins + k_all
    for r in range(rows):
        push, trait, pp, pt, tt = says[0, r], says[1, r], says[2, r], says[3, r], says[4, r]
        t = period[r]
        if bins:
            gradient[t] += push
            curvature[t, t] += pp
            for k in range(k_all):
                curvature[t, bins + k] += pp * pushes[r, k]
            for j in range(j_all):
                curvature[t, first + j] += pt * traits[r, j]
        for k in range(k_all):
            z = pushes[r, k]
            gradient[bins + k] += push * z
            for other in range(k, k_all):
                curvature[bins + k, bins + other] += pp * z * pushes[r, other]
            for j in range(j_all):
                curvature[bins + k, first + j] += pt * z * traits[r, j]
        for j in range(j_all):
            x = traits[r, j]
            gradient[first + j] += trait * x
            for other in range(j, j_all):
                curvature[first + j, first + other] += tt * x * traits[r, other]
