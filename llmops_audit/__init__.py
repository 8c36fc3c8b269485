"""llmops-audit: decides whether a classifier may ship, and says how sure it is."""
