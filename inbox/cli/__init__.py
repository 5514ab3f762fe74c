"""The only room that knows click: parse, one call, print."""
