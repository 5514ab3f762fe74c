"""Command line: the only room that knows click. Parse, one call, print."""
