"""Two revisions of the library, timed in turn: ``python -m benchmarks.compare --base REVISION``.

asv's own comparison (``asv continuous``) builds an environment for each revision and runs one
after the other; on a machine that does other work too, the minutes between them differ by more
than what is looked for.  Here the base is checked out beside the working tree, each tree has one
process that stays, and for every benchmark the two are measured directly after each other, again
and again in changing order (A B, B A, ...).  Minima are compared.  A row beyond the ratio is
measured again in new processes before it is called slower.

`rows` finds the benchmarks of `benchmarks/suite`, `worker` runs them in one tree, `processes` talks
to workers, `judge` measures in turn and decides, `trees` checks out and warms up, `planted` shows
that a slowdown is caught.  docs/benchmarks.md says how to use it, and what noise was measured.
"""
