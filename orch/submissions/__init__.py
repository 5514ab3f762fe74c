"""Change requests: finished changes as patches, made into attempts."""
