"""How well and how fast personal data is found: beside Presidio and a plain loop, on texts whose truth is known.

``texts`` and ``valid`` draw texts, columns and numbers from a seed, ``corpora`` reads real ones, ``quality`` counts
what is found and what is not, ``speed`` and ``audits`` measure processor time, ``rivals`` runs Presidio in an
interpreter that has it, ``page`` writes it down. Run:
``python -m benchmarks.pii --rivals PYTHON --write docs/personal-data.md``.
"""
