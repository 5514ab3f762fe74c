"""The only door to git. Knows no database, no run and no task; see the modules' headers."""
