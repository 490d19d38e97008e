"""Which parameters an outcome hangs on: one at a time, Morris' screening, Sobol's indices."""
