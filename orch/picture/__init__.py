"""Pictures and documents of a run, made of plain values: nothing here reads a store or git."""
