"""The page and the HTTP API: each button and each endpoint is a command of the table."""
