"""The verbs of workspaces and people."""
