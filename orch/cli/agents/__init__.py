"""Commands about workers: work, logs, stop, continue, usage."""
