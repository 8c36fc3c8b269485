"""How often the audit is wrong: simulated data in which nothing is wrong, or something known is.

``world`` draws the rows, ``cells`` runs the real checks and the real gate on them, ``plan`` says what is simulated,
``page`` writes it down. Run: ``python -m benchmarks.null_calibration --jobs 2 --write docs/calibration.md``.
"""
