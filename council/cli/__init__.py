"""The council commands, mounted by orch."""
