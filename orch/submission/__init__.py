"""Change requests: a developer's patches as one document. Text in, problems out; all pure."""
