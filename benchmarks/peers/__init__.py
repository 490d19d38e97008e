"""Other packages, run on the same graphs and the same work, so that speed is compared fairly.

Run as ``python -m benchmarks.peers`` from the root of the project.  Needs the extra `bench`.

Each package has one module here with one class: its constructor takes a `graphs.Graph`, each
method does one kind of work (``independent(p, seeds, runs, key)`` and so on) and returns a
`measure.Sample`: the sizes of all cascades and the CPU time of one.  A method that a package does
not offer is simply not there.  Sizes are compared first; a time counts only when they agree.
"""
