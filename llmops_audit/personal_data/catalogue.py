"""The catalogue: every kind of personal data that is looked for, in the order in which kinds win a place."""

from __future__ import annotations

import re

from llmops_audit.model import Severity, message
from llmops_audit.personal_data import phones, validators
from llmops_audit.personal_data.kinds import Confidence, Form, Kind, words

__all__ = ["KINDS"]

CONFIRMED, LIKELY = Confidence.CONFIRMED, Confidence.LIKELY

LEFT = r"(?<![0-9A-Za-z])(?<![0-9]\.)"
RIGHT = r"(?![0-9A-Za-z])(?!\.[0-9])"
"""Boundaries are ASCII-only, so that a number between Chinese characters is found; no part of a decimal number is."""

AT = re.compile("@")
DIGITS = re.compile(r"[0-9](?:[ ().\-/]{0,2}[0-9]){6}")
DOTS = re.compile(r"[0-9]\.[0-9]")
COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
PLUS = re.compile(r"\+[0-9]")
COUNTRY = re.compile(r"[A-Za-z]{2}[0-9]{2}[ -]?[0-9A-Za-z]{4}")

OTHER_NUMBERS = words(
    "order invoice ref reference tracking parcel ticket serial isbn issn sku imei case id uuid hash version batch "
    "booking confirmation transaction txn",
    "订单 单号 编号 流水 发票 序列号 快递 运单 货号 版本",
)

GROUPED_CARD = re.compile(
    rf"{LEFT}(?<![0-9][ -])(?:[0-9]{{4}}([ -])[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{4}}(?:\1[0-9]{{1,3}})?"
    rf"|3[0-9]{{3}}([ -])[0-9]{{6}}\2[0-9]{{4,5}}){RIGHT}(?![ -][0-9])"
)
PLAIN_CARD = re.compile(rf"{LEFT}(?<![/=_#&-])[0-9]{{13,19}}{RIGHT}(?![/_&-][0-9A-Za-z])")
LONG_CARD = re.compile(rf"{LEFT}(?:[0-9]{{16,19}}|[0-9]{{4}}(?: [0-9]{{4}}){{3}}(?: [0-9]{{1,3}})?){RIGHT}")

IPV4 = re.compile(rf"{LEFT}(?<![0-9A-Za-z][/_\-])(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?![0-9A-Za-z_])(?!\.[0-9])")

EMAIL = Kind(
    name="email",
    title=message("e-mail address"),
    identifying=False,
    severity=Severity.MEDIUM,
    forms=(
        Form(
            AT,
            re.compile(
                r"(?<![0-9A-Za-z])[0-9A-Za-z][0-9A-Za-z._%+'\-]{0,63}@"
                r"(?:[0-9A-Za-z][0-9A-Za-z\-]{0,62}\.){1,8}(?:xn--[0-9A-Za-z\-]{2,20}|[A-Za-z]{2,24})(?![0-9A-Za-z])"
            ),
            validators.email,
            CONFIRMED,
            alone=CONFIRMED,
        ),
    ),
    hits=(
        (
            "write to jane.doe+news@mail.example.co.uk.",
            "jane.doe+news@mail.example.co.uk",
        ),
        ("邮箱zhang_san@example.cn谢谢", "zhang_san@example.cn"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
    ),
    misses=(
        "@handle wrote",
        "cells @ 2.50 each",
        "logo@2x.png",
        "a@b",
        "price@1.50/min",
        "jane..doe@",
    ),
)

IBAN = Kind(
    name="iban",
    title=message("bank account number (IBAN)"),
    identifying=True,
    severity=Severity.HIGH,
    forms=(
        Form(
            COUNTRY,
            re.compile(rf"{LEFT}[A-Za-z]{{2}}[0-9]{{2}}(?:[ -]?[0-9A-Za-z]{{4}}){{2,7}}(?:[ -]?[0-9A-Za-z]{{1,4}})?"),
            validators.iban,
            CONFIRMED,
            alone=CONFIRMED,
        ),
    ),
    hits=(
        ("pay GB82 WEST 1234 5698 7654 32 today", "GB82 WEST 1234 5698 7654 32"),
        ("账户DE89370400440532013000转账", "DE89370400440532013000"),
        ("nl91abna0417164300", "nl91abna0417164300"),
    ),
    misses=(
        "GB82 WEST 1234 5698 7654 33",
        "DE8937040044053201300",
        "DE893704004405320130001",
        "ZZ82WEST12345698765432",
    ),
)

CN_RESIDENT_ID = Kind(
    name="cn_resident_id",
    title=message("Chinese resident identity number"),
    identifying=True,
    severity=Severity.CRITICAL,
    forms=(
        Form(
            DIGITS,
            re.compile(rf"{LEFT}[1-8][0-9]{{5}}[ -]?(?:19|20)[0-9]{{6}}[ -]?[0-9]{{3}}[0-9Xx]{RIGHT}"),
            validators.cn_resident_id,
            CONFIRMED,
            alone=CONFIRMED,
        ),
    ),
    hits=(
        ("身份证号11010519491231002X请核对", "11010519491231002X"),
        ("440308199901101512", "440308199901101512"),
        (
            "号码１１０１０５１９４９１２３１００２Ｘ。",
            "１１０１０５１９４９１２３１００２Ｘ",
        ),
    ),
    misses=(
        "110105194912310021",
        "11010519491331002X",
        "99010519491231002X",
        "111010519491231002X",
    ),
)

PAYMENT_CARD = Kind(
    name="payment_card",
    title=message("payment card number"),
    identifying=True,
    severity=Severity.HIGH,
    context=words(
        "card credit debit visa mastercard amex american_express discover jcb unionpay maestro pan cc ccn cvv cvc "
        "payment pay paid charge charged",
        "卡号 银行卡 信用卡 借记卡 储蓄卡 刷卡 付款 支付 银联",
    ),
    against=OTHER_NUMBERS,
    forms=(
        Form(DIGITS, GROUPED_CARD, validators.card_of_issuer, CONFIRMED, alone=LIKELY),
        # One random 16-digit number in 44 passes issuer and checksum: a column of such numbers is no card column.
        Form(
            DIGITS,
            PLAIN_CARD,
            validators.card_of_issuer,
            CONFIRMED,
            alone=LIKELY,
            whole_cell=False,
        ),
        Form(DIGITS, LONG_CARD, validators.card, LIKELY),
    ),
    hits=(
        ("卡号4111111111111111有效", "4111111111111111"),
        ("my card is 5500 0000 0000 0004, thanks", "5500 0000 0000 0004"),
        ("3782-822463-10005", "3782-822463-10005"),
        ("she wrote 4012888888881881 down", "4012888888881881"),
        (
            "银行卡９５５８８０１２３４５６７８９０１２８",
            "９５５８８０１２３４５６７８９０１２８",
        ),
    ),
    misses=(
        "card 4111111111111112",
        "order 4111111111111111",
        "4111111111111111",
        "probability 0.4111111111111111",
        "4111\n1111\n1111\n1111",
        "card 0000000000000000",
        "1234 4111 1111 1111 1111",
    ),
)

US_SSN = Kind(
    name="us_ssn",
    title=message("US social security number"),
    identifying=True,
    severity=Severity.CRITICAL,
    context=words(
        "ssn social_security social_security_number ss_no ssno",
        "社会安全号 社会保险号 社安号",
    ),
    forms=(
        Form(
            DIGITS,
            re.compile(rf"{LEFT}(?<![0-9]-)[0-8][0-9]{{2}}-[0-9]{{2}}-[0-9]{{4}}{RIGHT}(?!-[0-9])"),
            validators.ssn,
            CONFIRMED,
            alone=LIKELY,
        ),
        Form(
            DIGITS,
            re.compile(rf"{LEFT}(?<![0-9]-)[0-8][0-9]{{2}}([ .]?)[0-9]{{2}}\1[0-9]{{4}}{RIGHT}(?!-[0-9])"),
            validators.ssn,
            LIKELY,
        ),
    ),
    hits=(
        ("SSN: 536-90-4399", "536-90-4399"),
        ("她的社会安全号536904399", "536904399"),
        ("536-90-4399 was on file", "536-90-4399"),
    ),
    misses=(
        "000-12-3456",
        "666-12-3456",
        "912-12-3456",
        "123-00-4567",
        "536904399",
        "078-05-1120",
        "2021-536-90-4399",
    ),
)

IP_ADDRESS = Kind(
    name="ip_address",
    title=message("IP address"),
    identifying=False,
    severity=Severity.MEDIUM,
    context=words("ip ipv4 ipv6 ip_address host server client login remote_addr ping"),
    against=words("version ver v release build chapter section clause oid", "版本 章节"),
    forms=(
        Form(DOTS, IPV4, validators.ipv4_long, CONFIRMED, alone=LIKELY),
        Form(DOTS, IPV4, validators.ipv4, CONFIRMED),
        Form(
            COLONS,
            re.compile(r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"),
            validators.ipv6,
            CONFIRMED,
            alone=CONFIRMED,
        ),
    ),
    hits=(
        ("logged in from 203.0.113.77.", "203.0.113.77"),
        ("IP地址10.0.0.5已封", "10.0.0.5"),
        ("http://93.184.216.34/index", "93.184.216.34"),
        ("host 2001:db8::8a2e:370:7334 is up", "2001:db8::8a2e:370:7334"),
        ("fe80:0:0:0:204:61ff:fe9d:f156", "fe80:0:0:0:204:61ff:fe9d:f156"),
    ),
    misses=(
        "version 120.0.6099.129",
        "Chrome/120.0.6099.129",
        "see 4.1.2.3",
        "v1.22.333.44",
        "300.1.2.3",
        "127.0.0.1",
        "255.255.255.0",
        "1.3.6.1.4.1.311",
        "12:30:45",
        "std::cout",
        "::",
        "00:1a:2b:3c:4d:5e",
    ),
)

PHONE = Kind(
    name="phone",
    title=message("telephone number"),
    identifying=False,
    severity=Severity.MEDIUM,
    context=words(
        "call called calling text texting txt sms tel telephone phone mobile mob cell cellphone fax dial ring contact "
        "whatsapp hotline help helpline customer_service customer_care freephone landline "
        "my_number your_number ur_number his_number her_number "
        "phone_number",
        "电话 手机 联系 致电 拨打 热线 短信 微信 座机 传真 来电 打给 加我",
    ),
    against=re.compile(
        f"{OTHER_NUMBERS.pattern}|{words('account acct iban passport policy ssn qq', '账号 账户 卡号 身份证').pattern}",
        re.IGNORECASE,
    ),
    forms=(
        Form(
            PLUS,
            re.compile(r"(?<![0-9A-Za-z+])\+[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}(?![0-9])"),
            phones.international,
            CONFIRMED,
            alone=CONFIRMED,
        ),
        Form(
            PLUS,
            re.compile(r"(?<![0-9A-Za-z+])\+[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}(?![0-9])"),
            phones.possible,
            LIKELY,
        ),
        Form(
            DIGITS,
            re.compile(r"(?<![0-9A-Za-z])00[1-9](?:[ ().\-]{0,2}[0-9]){6,14}(?![0-9])"),
            phones.dialled_abroad,
            CONFIRMED,
        ),
        Form(
            DIGITS,
            re.compile(rf"{LEFT}(?<![/=_#&-])(?:86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{{4}}){{2}}{RIGHT}(?![/_&-][0-9])"),
            phones.chinese_mobile,
            CONFIRMED,
            alone=LIKELY,
        ),
        Form(
            DIGITS,
            re.compile(
                rf"{LEFT}(?<![0-9]-)(?:1[ .-])?(?:\([2-9][0-9]{{2}}\) ?|[2-9][0-9]{{2}}[-.])"
                rf"[2-9][0-9]{{2}}[-. ][0-9]{{4}}(?![0-9])(?![-.][0-9])"
            ),
            phones.local,
            CONFIRMED,
            alone=LIKELY,
        ),
        Form(
            DIGITS,
            re.compile(r"(?<![0-9])(?<![0-9]\.)\(?0(?:[ ().\-/]{0,2}[0-9]){8,11}(?![0-9])"),
            phones.trunk,
            LIKELY,
        ),
        Form(
            DIGITS,
            re.compile(
                r"(?<![0-9])(?<![0-9][.,])(?<![£$€¥#])(?:\([1-9]|[1-9])(?:[ ().\-]{0,2}[0-9]){6,10}"
                r"(?![0-9])(?![.,/][0-9])"
            ),
            phones.local,
            LIKELY,
            reach=25,
        ),
    ),
    hits=(
        ("reach me: +44 20 7946 0958, any time", "+44 20 7946 0958"),
        ("Text FA to 87121. T&C's apply, call 08452810075over18's", "08452810075"),
        ("To claim call 09061701461. Claim code KL341", "09061701461"),
        ("请拨打13812345678联系", "13812345678"),
        ("我是１３８１２３４５６７８", "１３８１２３４５６７８"),
        ("(212) 555-0123 after six", "(212) 555-0123"),
        ("办公室电话010-62781234", "010-62781234"),
        ("dial 0044 20 7946 0958", "0044 20 7946 0958"),
    ),
    misses=(
        "call me on 2005-05-21",
        "call by 21/05/2005 10:30",
        "call 20050521",
        "order 13812345678",
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
    ),
)

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (EMAIL, IBAN, CN_RESIDENT_ID, PAYMENT_CARD, US_SSN, IP_ADDRESS, PHONE)
}
"""Kinds by name. At one place the surer find wins, among equally sure ones the kind that stands first."""
