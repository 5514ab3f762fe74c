"""Machines that share a store on a server: which this is, where its code is, what it pushes."""
