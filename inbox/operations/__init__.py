"""Operations of the bus: one atomic step each, given a Tx."""
