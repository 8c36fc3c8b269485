"""What national numbers have in common: how their digits are grouped, and the words that name any of them."""

from __future__ import annotations

import re

from llmops_audit.personal_data.gates import RIGHT
from llmops_audit.personal_data.kinds import Confidence, Form, Gate, Validator, Words, words

__all__ = ["IDENTITY", "TAX", "THINGS", "digits", "joined", "weak"]

IDENTITY: Words = words(
    "national_id national_id_number national_identity national_identity_number national_identity_card "
    "national_identification national_identification_number national_number identity_card identity_card_number "
    "identity_number"
)
"""Words for the identity number that a state gives a person, whichever state."""

TAX: Words = words(
    "tax_id tax_number tax_no tax_identification tax_identification_number taxpayer_id taxpayer_number taxpayer_no tin"
)
"""Words for the number under which a person pays tax, in any country."""

THINGS: Words = words(
    "order invoice tracking parcel shipment ticket isbn issn imei sku upc ean batch version booking confirmation "
    "transaction txn account acct phone telephone tel mobile cell fax call whatsapp timestamp",
    "订单 单号 流水 发票 快递 运单 货号 版本 电话 手机 账号 账户 帐号",
)
"""Words that name other numbers. `id`, `number` and the like are not among them: names of national numbers end so."""

NO_FILLER = r"(?!(?P<same>[0-9])(?:[ .\-/]?(?P=same)){6,18}(?![0-9]))"
"""Rejects one repeated digit, which stands for a missing number."""


def digits(*sizes: int, between: str = " -.") -> str:
    """Return the pattern of a number that is written as one group, or as several with the same separator.

    Parameters
    ----------
    *sizes : int
        Digits of each group.
    between : str
        Characters that may separate the groups.

    Returns
    -------
    str
        It does not match a part of a longer number.
    """
    grouped = "|".join(re.escape(separator).join(f"[0-9]{{{size}}}" for size in sizes) for separator in between)
    whole = rf"(?<![0-9][\-/])[0-9]{{{sum(sizes)}}}(?![\-/][0-9])"
    return rf"(?:{whole}|(?<![0-9][ \-/])(?:{grouped})(?![ \-/][0-9]))"


def joined(*patterns: str) -> re.Pattern[str]:
    """Compile alternative patterns of a number. Letters may touch it from before, as in ``BSN111222333``."""
    return re.compile(rf"(?<![0-9])(?<![0-9]\.){NO_FILLER}(?:{'|'.join(patterns)}){RIGHT}")


def weak(gate: Gate, pattern: re.Pattern[str], validator: Validator, *, reach: int = 60) -> Form:
    """Return a form whose checksum needs context: confirmed there, suspected if mistyped, not reported without."""
    return Form(gate, pattern, Confidence.CONFIRMED, validator=validator, has_checksum=True, mistyped=True, reach=reach)
