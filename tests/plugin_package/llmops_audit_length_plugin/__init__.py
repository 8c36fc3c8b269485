"""A third-party distribution with one check."""
