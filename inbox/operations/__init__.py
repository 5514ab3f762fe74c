"""One atomic step each, given a Tx."""
