"""The library: which files there are, which are missing, and what people do with them."""
