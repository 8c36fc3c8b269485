"""Contact details: e-mail addresses and telephone numbers."""

from __future__ import annotations

import re

from llmops_audit.personal_data import phones, validators
from llmops_audit.personal_data.gates import AT, LEFT, OTHER_NUMBERS, RIGHT, number
from llmops_audit.personal_data.kinds import Confidence, Form, Kind, words
from llmops_audit.personal_data.quantities import COUNTED, measured
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 20

CONFIRMED, LIKELY, SUSPECTED = Confidence.CONFIRMED, Confidence.LIKELY, Confidence.SUSPECTED

_LOCAL = r"0-9A-Za-z\u00c0-\u024f"

EMAIL = Kind(
    name="email",
    title=message("e-mail address"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="",
    forms=(
        Form(
            AT,
            # `git@host:path` is the address of a repository.
            re.compile(
                rf"(?<![{_LOCAL}])(?!git@[0-9A-Za-z.\-]{{1,80}}[:/])[{_LOCAL}][{_LOCAL}._%+'\-]{{0,63}}@"
                rf"(?:[{_LOCAL}][{_LOCAL}\-]{{0,62}}\.){{1,8}}(?:xn--[0-9A-Za-z\-]{{2,20}}|[A-Za-z]{{2,24}})"
                rf"(?![{_LOCAL}])(?!\(\))"
            ),
            CONFIRMED,
            alone=CONFIRMED,
            validator=validators.email,
        ),
    ),
    hits=(
        ("write to jane.doe+news@mail.example.co.uk.", "jane.doe+news@mail.example.co.uk"),
        ("邮箱zhang_san@example.cn谢谢", "zhang_san@example.cn"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("an <jörg@müller.example>", "jörg@müller.example"),
    ),
    misses=(
        "@handle wrote",
        "cells @ 2.50 each",
        "logo@2x.png",
        "a@b",
        "price@1.50/min",
        "jane..doe@",
        "git clone git@example.com:team/repo.git",
        "getty@tty1.service",
        "y = W@x.sum()",
    ),
)

PLUS = re.compile(r"(?<![0-9A-Za-z+])\+[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}(?![0-9])")
ABROAD = re.compile(r"(?<![0-9A-Za-z])(?<![0-9][.,])00[1-9](?:[ ().\-]{0,2}[0-9]){6,14}(?![0-9])")
EXTENSION = r"(?:,? ?(?i:x|ext\.?|extension) ?[0-9]{1,6}(?![0-9]))?"

PREFIX = r"1(?:3[0-9]|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])"
MOBILE = re.compile(rf"{LEFT}(?<![/=_#&-])(?:86[ -]?)?{PREFIX}(?:[ -]?[0-9]{{4}}){{2}}{RIGHT}(?![/_&-][0-9]){COUNTED}")
ANY_MOBILE = re.compile(rf"(?<![0-9])(?<![0-9][.,])(?:86[ -]?)?{PREFIX}(?:[ -]?[0-9]{{4}}){{2}}(?![0-9])")
GROUPED_MOBILE = re.compile(
    rf"{LEFT}(?<![0-9][ -])(?<![/_])(?:86[ -]?)?{PREFIX}([ -])[0-9]{{4}}\1[0-9]{{4}}{RIGHT}(?![ -][0-9])"
)
AREA = r"0(?:10|2[0-9]|[3-9][0-9]{2})"
LANDLINE = re.compile(rf"{LEFT}(?<![0-9][ -])(?:\({AREA}\) ?|{AREA}-)[2-8][0-9]{{6,7}}{RIGHT}(?!-[0-9]{{5}})")
CHINESE = re.compile("[\u4e00-\u9fff]")

ENQUIRIES = re.compile(
    r"(?i:(?<![a-z])(?:help|hlp|info|te?xts?|sms|stop|unsub|support|enquir(?:y|ies)|quer(?:y|ies)|customer|reception"
    r"|clinic|surgery|ward)(?![a-z]))"
)
"""Words that suggest a telephone number only where the number begins like one."""

NEAR = 20
"""Reach of words for forms that need none: an order mentioned far away makes no order number of one with brackets."""

NORTH_AMERICAN = re.compile(
    rf"{LEFT}(?<![0-9][ \-])(?:1[ .\-])?"
    r"(?:\([2-9][0-9]{2}\)[ \-]?[2-9][0-9]{2}[\-. ]|[2-9][0-9]{2}([\-.])[2-9][0-9]{2}\1)"
    rf"[0-9]{{4}}(?![0-9])(?![\-.][0-9]){EXTENSION}"
)
BRACKETED = re.compile(
    rf"{LEFT}(?<![0-9][ \-])\(0[1-9][0-9]{{0,3}}\) ?[0-9]{{3,4}}[ \-]?[0-9]{{3,4}}(?![0-9])(?![\-.][0-9])"
)
TRUNK = re.compile(
    rf"(?<![0-9])(?<![0-9][.,:])(?<![A-Za-z_]/)\(?0(?:[ ().\-/]{{0,2}}[0-9]){{8,12}}(?![0-9]){EXTENSION}"
)
UNMARKED = re.compile(
    r"(?<![0-9+])(?<![0-9][.,:/])(?<![£$€¥#/_])[1-9](?:[ ().\-]{0,2}[0-9]){9,14}"
    rf"(?![0-9A-Za-z])(?![.,/:][0-9]){COUNTED}"
)
"""With country code, and without the `+` before it."""
LOCAL = re.compile(
    r"(?<![0-9])(?<![0-9][.,:/])(?<![£$€¥#/_])(?:\([1-9]|[1-9])(?:[ ().\-]{0,2}[0-9]){6,10}"
    rf"(?![0-9]|[A-WYZa-wyz])(?![.,/:][0-9]){COUNTED}{EXTENSION}"
)

PHONE = Kind(
    name="phone",
    title=message("telephone number"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="",
    context=words(
        "call called calling callback call_back texting text_me text_us text_him text_her text_on txt_me txt_us "
        "txt_on sms_me sms_to tel telephone phone phoned phone_number phone_no ph ph_no mobile mobile_number mob "
        "cell cellphone fax dial dialed dialled ring rang contact whatsapp viber hotline helpline voicemail landline "
        "freephone freefone customer_service customer_care custcare cust_care helpdesk help_desk vx wx toll_free "
        "extension msisdn desk mobile_no tel_no contact_no cell_no mob_no fax_no phone_num mobile_num home_phone "
        "work_phone "
        "cell_phone mobile_phone my_number new_number your_number ur_number his_number her_number our_number "
        "their_number reach_me reach_us reach_him reach_her reached_at reached_on answering messages_to message_to "
        "message_from text_from telefon telefonnummer handy handynummer rufnummer mobil mobilnummer telefono "
        "teléfono móvil celular téléphone portable tél telefone telemóvel telefoon mobiel puhelin telefonsvarare",
        "电话 手机 联系 联络 致电 拨打 热线 短信 座机 固话 传真 来电 打给 回电 号码是 加v 加V 加vx 加微 電話 手機 "
        "聯絡 携帯 전화 휴대폰 연락처",
    ),
    against=OTHER_NUMBERS
    | words(
        "account acct iban passport policy ssn qq mrn card timestamp epoch unix duration bytes balance population "
        "revenue",
        "账号 账户 卡号 身份证 余额 金额 价格",
    )
    | measured("call calls text texts sms phone mobile cell cells contact fax ring"),
    forms=(
        Form(number(7), PLUS, CONFIRMED, alone=CONFIRMED, validator=phones.international),
        Form(number(7), PLUS, LIKELY, alone=LIKELY, validator=phones.spaced),
        Form(number(7), PLUS, LIKELY, validator=phones.possible),
        Form(number(7), ABROAD, CONFIRMED, validator=phones.dialled_abroad),
        Form(number(11), ANY_MOBILE, CONFIRMED, validator=phones.chinese_mobile),
        Form(
            number(11),
            MOBILE,
            CONFIRMED,
            alone=LIKELY,
            validator=phones.chinese_mobile,
            whole_cell=False,
            beside=CHINESE,
            reach=NEAR,
        ),
        Form(number(11), GROUPED_MOBILE, CONFIRMED, alone=LIKELY, validator=phones.chinese_mobile, reach=NEAR),
        Form(number(10), LANDLINE, CONFIRMED),
        Form(number(10), LANDLINE, CONFIRMED, alone=LIKELY, whole_cell=False, beside=CHINESE, reach=NEAR),
        Form(number(10), NORTH_AMERICAN, CONFIRMED, validator=phones.north_american),
        Form(number(10), NORTH_AMERICAN, CONFIRMED, alone=LIKELY, validator=phones.north_american, reach=NEAR),
        Form(number(8), BRACKETED, CONFIRMED, alone=LIKELY, validator=phones.trunk, reach=NEAR),
        Form(number(9), TRUNK, LIKELY, validator=phones.trunk),
        Form(
            number(9),
            TRUNK,
            # In context the form above is more confident.
            SUSPECTED,
            alone=LIKELY,
            validator=phones.trunk,
            whole_cell=False,
            beside=ENQUIRIES,
            reach=NEAR,
        ),
        Form(number(10), UNMARKED, LIKELY, validator=phones.unmarked, reach=25),
        Form(number(7), LOCAL, LIKELY, validator=phones.local, reach=25),
    ),
    hits=(
        ("reach me: +44 20 7946 0958, any time", "+44 20 7946 0958"),
        ("Text FA to 87121. T&C's apply, call 08452810075over18's", "08452810075"),
        ("To claim call 09061701461. Claim code KL341", "09061701461"),
        ("请拨打13812345678联系", "13812345678"),
        ("我是１３８１２３４５６７８", "１３８１２３４５６７８"),
        ("(212) 555-0123 after six", "(212) 555-0123"),
        ("212-555-0123 x45", "212-555-0123 x45"),
        ("办公室010-62781234", "010-62781234"),
        ("dial 0044 20 7946 0958", "0044 20 7946 0958"),
        ("(02) 9876 5432", "(02) 9876 5432"),
    ),
    misses=(
        "call me on 2005-05-21",
        "call by 21/05/2005 10:30",
        "call 20050521",
        "order 13812345678",
        "13812345678",
        "she counted 13812345678 of them",
        "07912345678",
        "phone for $12500000",
        "contact 12.345.678",
        "version 10.20.3000.40",
        "call 138.50",
        "1234567890",
        "3.13812345678",
        "call\n0121\n496\n0000",
        "txt CHAT to 86688 150p",
        "联系我的qq：68657725电话",
        "call started 1712345678",
        "account number 0123456789",
    ),
)

KINDS: tuple[Kind, ...] = (EMAIL, PHONE)
