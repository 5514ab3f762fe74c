"""What `orch setup` writes for a client, and takes out again: instructions, skills, hooks."""
