"""Metrics of groups, the gaps between groups, and the rules that judge them."""
