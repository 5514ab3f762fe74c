"""Operations of a council: one atomic step each, given a Tx."""
