"""The console's pages about workspaces and people."""
