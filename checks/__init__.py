"""The checks of this distribution: one file, one check. The registry finds them by their folder."""
