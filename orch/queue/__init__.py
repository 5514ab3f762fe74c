"""The merge queue's decisions: pure, without clock, file or git. See model.py, then planner.py."""
