"""Ground floor of all loops: draws, codes, blocks of arrays, compiling, sparse rows, threads.

Nothing here knows the model or a cascade rule.  Called by every kernel and every table.
"""
