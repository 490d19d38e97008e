"""Ground floor of all loops: addressed draws, codes, blocks of arrays, compiling, sparse rows.

Nothing here knows the model or a cascade rule.  Called by every kernel and every table.
"""
