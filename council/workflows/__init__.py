"""Steps of a council that read git, keep files or sleep: several transactions each."""
