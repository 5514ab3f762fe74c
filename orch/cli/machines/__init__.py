"""machine, push: the machines that share a store, and what their workers deliver."""
