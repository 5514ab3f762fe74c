"""The only room of orch that knows click."""
