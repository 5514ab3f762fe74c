"""What a pass of the driver does next: pure, recorded, replayable."""
