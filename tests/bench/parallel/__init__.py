"""Do several agents beat one? An experiment on a real history: `python -m tests.bench.parallel`."""
