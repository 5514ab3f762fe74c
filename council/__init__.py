"""Three reviewers, grouped recommendations, a report."""
