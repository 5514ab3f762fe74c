"""Operations of orch: one atomic step each, given a Tx."""
