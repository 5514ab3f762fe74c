"""Commands that picture a run: graph, report, metrics."""
