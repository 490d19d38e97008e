"""The numba floor: plain functions on arrays, compiled once and kept on disk (`kernels.store`)."""
