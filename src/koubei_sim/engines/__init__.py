"""Two engines for one model: `reference` to be read, `compiled` to be used."""
