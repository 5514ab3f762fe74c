"""notify: what needs people, told by the channels of [notify]."""
