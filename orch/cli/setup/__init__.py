"""The command that teaches clients."""
