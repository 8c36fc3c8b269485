"""How the drift check does: without drift, with known drift, on real texts, and in time and memory beside Evidently.

``world`` draws rows, ``audits`` runs the check and Evidently's own rule on them, ``plan`` says what is simulated,
``spam`` audits comments on videos, ``cost`` measures seconds and memory, ``page`` writes it down. Run:
``python -m benchmarks.drift --jobs 2 --write docs/drift.md``.
"""
