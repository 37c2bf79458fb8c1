"""The route library: what comes in, what is kept of it, who may change it."""
