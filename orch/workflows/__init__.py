"""Several transactions and effects: intent, effect, confirmation."""
