"""The walk: a run at each of its stations, where every printed command is pasted."""
