"""How often the audit is wrong: simulated data in which nothing is wrong, or something known is.

``world`` draws evidence and ``cells`` runs the real checks and the real gate on it; ``users`` draws rows and ``audits``
audits them; ``families`` draws requirements alone. ``checks``, ``plan`` and ``worlds`` say what is simulated, ``parts``
names the parts of the page and ``stamps`` the code that each shows; ``results`` keeps what they came to, and ``page``
writes it down. Run: ``python -m benchmarks.null_calibration [--part NAME] --jobs 2 --write docs/calibration.md``.
"""
