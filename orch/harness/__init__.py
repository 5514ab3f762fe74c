"""The only door to agent processes: which client, how it is started, watched, judged, stopped."""
