"""Several transactions, sleeping allowed; may die half-way."""
