"""orch mcp: the commands of a leader, a worker or a reviewer as tools."""
