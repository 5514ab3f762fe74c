"""Fake agent clients: each behaves as one real program was seen to, traps included."""
