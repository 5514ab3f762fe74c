"""What to do next: pure."""
