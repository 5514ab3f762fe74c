"""What every process that opens the file must agree on."""
