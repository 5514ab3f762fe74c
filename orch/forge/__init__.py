"""The door to a forge: pull requests, their checks and reviews, issues. GitHub's REST API."""
