"""Benchmarks: `python -m tests.bench [PART…]`; nothing here judges, docs keep the results."""
