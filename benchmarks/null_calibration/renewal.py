"""Rows of one check written anew on a page whose other rows stay as they are."""

from __future__ import annotations

from . import page


def renewed(text: str, study: page.Study) -> str:
    """Return a page with the rows of some checks written anew.

    Parameters
    ----------
    text : str
        The page.
    study : Study
        Of these checks alone: `Study.alone` and `Study.ladders`.

    Returns
    -------
    str
        The same page, but for the description and these rows. What whole audits came to stays as it was.

    Raises
    ------
    ValueError
        Where the page has other sections or tables.
    """
    # The description holds no result.
    text = _replaced(text, page.METHOD_TITLE, page.method())
    for title, table in ((page.ALONE_TITLE, page.alone(study)), (page.LADDERS_TITLE, page.ladders(study))):
        text = _replaced(text, title, _merged(_section_of(text, title), table, set(study.alone)))
    return text


def _section_of(text: str, title: str) -> str:
    head = f"## {title}\n"
    if text.count(head) != 1:
        raise ValueError(f"the page: has no section '{title}'; write all of it anew")
    start = text.index(head)
    end = text.find("\n## ", start)
    return (text[start:] if end < 0 else text[start:end]).rstrip("\n")


def _replaced(text: str, title: str, section: str) -> str:
    return text.replace(_section_of(text, title), section.rstrip("\n"))


def _merged(old: str, new: str, names: set[str]) -> str:
    """Return the new section, of some checks, with the rows of the old one that belong to others."""
    before, head, rows = _split(new)
    if head != _split(old)[1]:
        raise ValueError(f"the page: has another table, {_split(old)[1][0]}; write all of it anew")
    kept = [row for row in _split(old)[2] if _check_of(row) not in names]
    # Sorting is stable, so that the rows of a check stay in order.
    return "\n".join([*before, *head, *sorted([*kept, *rows], key=_check_of), ""])


def _split(section: str) -> tuple[list[str], list[str], list[str]]:
    lines = section.strip("\n").split("\n")
    table = next(i for i, line in enumerate(lines) if line.startswith("|"))
    return lines[:table], lines[table : table + 2], lines[table + 2 :]


def _check_of(row: str) -> str:
    return row.split("|")[1].strip()
