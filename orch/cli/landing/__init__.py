"""Commands about landing: queue, integrate, approve, reject."""
