"""Real published clients under `orch work`, offline, against a model that follows a script."""
