"""Plans: files and answers that say what a run's tasks are. Pure."""
