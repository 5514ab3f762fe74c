"""The HTTP API of `orch web` held against its own description."""
