"""Recognisers: the kinds of personal data, by where they come from."""
