"""Planner of the merge queue: the steps of a pass, pure, recorded, replayable."""
