"""Commands of orch: the only room of it that knows click."""
