"""The commands about pull requests on a forge."""
