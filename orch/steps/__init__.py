"""Next steps: pure."""
