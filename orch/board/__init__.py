"""The leader's board: what needs a person first, then what runs and what comes next."""
