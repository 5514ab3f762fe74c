"""What a pass of the merge queue does next: pure, recorded, replayable."""
