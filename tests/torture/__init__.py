"""The torture suite: layers of faults over `schema` and `inbox`, each with an independent check.

`python -m tests.torture --long` runs all of it; docs/reference/torture.md says what was reached.
"""
