"""The durable bus: threads, messages, leases, read cursors, artifacts, waits."""
