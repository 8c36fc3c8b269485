"""How often the audit is wrong: simulated data in which nothing is wrong, or something known is.

``world`` draws the rows, ``cells`` runs the real checks and the real gate on them, ``checks`` says what is simulated of
each check, ``plan`` makes cells of it, ``page`` writes them down, and ``renewal`` writes down one check anew. Run:
``python -m benchmarks.null_calibration [--check NAME] --jobs 2 --write docs/calibration.md``.
"""
