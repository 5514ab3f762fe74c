"""The commands about driving a run: drive, and what is said about a run's drive."""
