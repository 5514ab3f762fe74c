"""Setup of agent clients: instructions, skills and hooks, written and taken out again."""
