"""orch.toml: its schema, its meaning, and the kept copy of that."""
