"""Reports, graphs and figures of runs."""
