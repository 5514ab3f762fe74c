"""Planner of a driver: the next steps of a run, pure, recorded, replayable."""
