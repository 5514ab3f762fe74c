"""Git: the only door to it. Knows no database, no run and no task; see the modules' headers."""
