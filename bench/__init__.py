"""Benchmarks: figures as ratios against a bare peer in the same run. `make bench`."""
