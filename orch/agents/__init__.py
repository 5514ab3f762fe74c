"""Workers of orch: an agent's program started, watched, judged and reported."""
