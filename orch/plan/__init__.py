"""Plans: files that say what a run's tasks are. Text in, tickets and problems out; all pure."""
