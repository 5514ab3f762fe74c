-- Taking back what took work back: the work is on its target again, and may be rolled back again.

INSERT INTO transition (machine, source, target) VALUES
    ('entry', 'cancelled', 'verified');
