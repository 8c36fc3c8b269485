"""Metrics of labels and of scores, with their intervals, and differences of them."""
