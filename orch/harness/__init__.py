"""Harness: the only door to agent processes. Which client, started, watched, judged, stopped."""
