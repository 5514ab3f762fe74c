"""The merge queue: from finished work to a target branch that holds what was tested."""
