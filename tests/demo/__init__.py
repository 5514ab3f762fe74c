"""`make demo`: a leader, three workers, real files, a real repository; see __main__.py."""
