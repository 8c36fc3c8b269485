"""Payment cards, bank accounts, banks, and addresses of crypto-currencies."""

from __future__ import annotations

import re

from llmops_audit.personal_data import validators
from llmops_audit.personal_data.gates import CODE, LEFT, OTHER_NUMBERS, RIGHT, TOKEN, code, number
from llmops_audit.personal_data.kinds import Confidence, Form, Gate, Kind, words
from llmops_audit.personal_data.quantities import COUNTED, measured
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 30

CONFIRMED, LIKELY, SUSPECTED = Confidence.CONFIRMED, Confidence.LIKELY, Confidence.SUSPECTED

CAPITALS = Gate(r"[A-Z]{6}[0-9A-Z]{2}")

GROUPED_CARD = re.compile(
    rf"{LEFT}(?<![0-9][ -])(?:[0-9]{{4}}([ -])[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{4}}(?:\1[0-9]{{1,3}})?"
    rf"|3[0-9]{{3}}([ -])[0-9]{{6}}\2[0-9]{{4,5}}){RIGHT}(?![ -][0-9])"
)
DATED_CARD = re.compile(
    rf"{LEFT}(?:[0-9]{{15,16}}|[0-9]{{4}}([ -])[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{4}}"
    rf"|3[0-9]{{3}} [0-9]{{6}} [0-9]{{5}}){RIGHT}"
)
EXPIRY = re.compile(r"(?<![0-9/])(?:0[1-9]|1[0-2]) ?/ ?(?:20)?[2-4][0-9](?![0-9/])")
"""Month and year, as on a card."""
ANY_CARD = re.compile(r"(?<![0-9])(?<![0-9][.\-/])(?<!/)[0-9](?:[ .\-]?[0-9]){11,18}(?![0-9])(?![./\-][0-9A-Za-z])")
LONG_CARD = re.compile(rf"{LEFT}(?<![/-])(?:[0-9]{{16,19}}|[0-9]{{4}}(?: [0-9]{{4}}){{3}}(?: [0-9]{{1,3}})?){RIGHT}")
ISSUED_CARD = re.compile(
    rf"{LEFT}(?<![/-])(?!([0-9])(?:[ -]?\1){{11}})"
    r"(?:(?=4|5[1-5]|2[2-7]|35|6[0245])[0-9]{4}(?:[0-9]{12}|([ -])[0-9]{4}\2[0-9]{4}\2[0-9]{4})"
    rf"|62[0-9]{{15,17}}|3[47][0-9]{{2}}(?:[0-9]{{11}}|([ -])[0-9]{{6}}\3[0-9]{{5}})){RIGHT}(?![ -][0-9])"
)
"""With the first digits and the length of an issuer's numbers."""

PAYMENT_CARD = Kind(
    name="payment_card",
    title=message("payment card number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="",
    context=words(
        "card cards card_number card_no cardholder credit debit visa mastercard master_card amex american_express "
        "discover_card diners jcb unionpay maestro rupay pan ccnum cc cc_number cc_num cc_no ccn cvv cvc cvv2 exp "
        "expiry exp_date payment pay paid charge charged carte carte_bleue tarjeta kreditkarte kartennummer carta "
        "cartão",
        "卡号 银行卡 信用卡 借记卡 储蓄卡 刷卡 付款 支付 银联 信用卡号 汇款 转账 打款 收款 开户行 银行 カード",
    ),
    against=OTHER_NUMBERS | measured("card cards credit debit payment payments pay charge"),
    forms=(
        Form(number(12), ANY_CARD, CONFIRMED, validator=validators.card_of_issuer, has_checksum=True),
        # One random number of 16 digits in 44 passes issuer and checksum: groups alone are weak evidence.
        Form(
            number(14), GROUPED_CARD, CONFIRMED, alone=SUSPECTED, validator=validators.card_of_issuer, has_checksum=True
        ),
        Form(
            number(15),
            DATED_CARD,
            CONFIRMED,
            alone=LIKELY,
            validator=validators.card_of_issuer,
            has_checksum=True,
            whole_cell=False,
            beside=EXPIRY,
            reach=20,
        ),
        Form(number(16), LONG_CARD, LIKELY, validator=validators.card, has_checksum=True),
        Form(number(15), ISSUED_CARD, CONFIRMED, validator=validators.card_of_issuer, has_checksum=True, mistyped=True),
    ),
    hits=(
        ("卡号4111111111111111有效", "4111111111111111"),
        ("my card is 5500 0000 0000 0004, thanks", "5500 0000 0000 0004"),
        ("Amex 3782-822463-10005", "3782-822463-10005"),
        ("please charge 4012888888881881 today", "4012888888881881"),
        ("4242 4242 4242 4242 09/27 123", "4242 4242 4242 4242"),
        ("card_number=30569309025904&amount=5", "30569309025904"),
        ("银行卡９５５８８０１２３４５６７８９０１２８", "９５５８８０１２３４５６７８９０１２８"),
    ),
    misses=(
        "order 4111111111111111",
        "4111111111111111",
        "she wrote 4111111111111111 down",
        "probability 0.4111111111111111",
        "4111\n1111\n1111\n1111",
        "card 0000000000000000",
        "card issued 2024-01-31 12:30:45",
        "pay invoice 4111111111111111",
    ),
    mistyped=(
        ("card 4111111111111112", "4111111111111112"),
        ("信用卡 5500 0000 0000 0005", "5500 0000 0000 0005"),
    ),
)

IBAN_PATTERN = re.compile(rf"{LEFT}[A-Za-z]{{2}}[0-9]{{2}}(?:[ -]?[0-9A-Za-z]{{4}}){{2,7}}(?:[ -]?[0-9A-Za-z]{{1,4}})?")


def _of_right_length() -> str:
    """Return a pattern of texts with the length of an IBAN of their country."""
    return "|".join(
        f"(?i:{'|'.join(country for country, long in sorted(validators.IBAN_LENGTHS.items()) if long == length)})"
        rf"[0-9]{{2}}(?:[ \-]?[0-9A-Za-z]{{4}}){{{length // 4 - 1}}}"
        + (rf"[ \-]?[0-9A-Za-z]{{{length % 4}}}" if length % 4 else "")
        for length in sorted(set(validators.IBAN_LENGTHS.values()))
    )


WHOLE_IBAN = code(_of_right_length())

IBAN = Kind(
    name="iban",
    title=message("bank account number (IBAN)"),
    identifying=True,
    severity=Severity.HIGH,
    jurisdiction="",
    context=words(
        "iban account acct bank wire transfer beneficiary konto bankverbindung compte rib cuenta conto conta "
        "rekening rachunek",
        "账户 账号 银行 转账 汇款",
    ),
    forms=(
        Form(CODE, IBAN_PATTERN, CONFIRMED, alone=CONFIRMED, validator=validators.iban, has_checksum=True),
        Form(CODE, WHOLE_IBAN, LIKELY, validator=validators.iban, has_checksum=True, mistyped=True),
    ),
    hits=(
        ("pay GB82 WEST 1234 5698 7654 32 today", "GB82 WEST 1234 5698 7654 32"),
        ("账户DE89370400440532013000转账", "DE89370400440532013000"),
        ("nl91abna0417164300", "nl91abna0417164300"),
        ("IBAN:FR14 2004 1010 0505 0001 3M02 606.", "FR14 2004 1010 0505 0001 3M02 606"),
    ),
    misses=(
        "GB82 WEST 1234 5698 7654 33",
        "DE8937040044053201300",
        "DE893704004405320130001",
        "ZZ82WEST12345698765432",
        "DE00370400440532013000",
    ),
    mistyped=(
        ("IBAN GB82 WEST 1234 5698 7654 33", "GB82 WEST 1234 5698 7654 33"),
        ("银行账号DE88370400440532013000", "DE88370400440532013000"),
    ),
)

SWIFT_BIC = Kind(
    name="swift_bic",
    title=message("code of a bank (SWIFT, BIC)"),
    identifying=False,
    severity=Severity.LOW,
    jurisdiction="",
    context=words(
        "swift bic swift_code bic_code swift_bic bic_swift swift_number bank_identifier_code bank_code",
        "国际代码 国际汇款代码",
    ),
    forms=(
        Form(
            CAPITALS,
            re.compile(r"(?<![0-9A-Za-z_])[A-Z]{6}[0-9A-Z]{2}(?:[0-9A-Z]{3})?(?![0-9A-Za-z_])"),
            LIKELY,
            validator=validators.bic,
            reach=30,
        ),
    ),
    hits=(
        ("SWIFT: DEUTDEFF", "DEUTDEFF"),
        ("BIC code is NEDSZAJJXXX", "NEDSZAJJXXX"),
        ("中国银行swift代码BKCHCNBJ110", "BKCHCNBJ110"),
    ),
    misses=("DEUTDEFF", "the CUSTOMER wrote", "SWIFT DOWNLOAD", "swift response", "SWIFT: DEUTQQFF", "BIC DEUTDEFFX"),
)

BANK_ACCOUNT = Kind(
    name="bank_account",
    title=message("account number"),
    identifying=True,
    severity=Severity.HIGH,
    jurisdiction="",
    context=words(
        "account acct account_number account_no account_num account_nr acct_number acct_no acct_num accountnumber "
        "acc_no "
        "acc_number c_no bank_account bank_account_number checking_account savings_account beneficiary_account accno "
        "sort_code kontonummer kto konto konto_nr numéro_de_compte compte cuenta número_de_cuenta conta conto "
        "rekeningnummer",
        "账号 账户 帐号 帐户 银行账号 开户行 对公账户 收款账号 付款账号 口座番号 계좌번호",
    ),
    against=OTHER_NUMBERS
    | words(
        "balance amount usd eur gbp cny inr qq wechat twitter instagram steam followers points post postcode zip "
        "pin otp limit total sum since timestamp epoch zone size bytes count",
        "余额 金额 粉丝 积分 微信 微博 抖音 游戏 密码 验证码 邮编 注册时间 时间",
    ),
    forms=(
        Form(
            number(7),
            re.compile(
                r"(?<![0-9])(?<![0-9][.,/\-])(?<![$£€¥₹+.])(?=(?:[ \-]?[0-9]){7})"
                r"(?:[0-9]{7,19}|[0-9]{2,6}(?:[ \-][0-9]{1,12}){1,5})"
                rf"(?![0-9A-Za-z])(?![.,:/\-][0-9]){COUNTED}"
            ),
            LIKELY,
            validator=validators.account,
            reach=40,
        ),
    ),
    hits=(
        ("Account number: 0123456789", "0123456789"),
        ("wire it to acct 12-345678-9 please", "12-345678-9"),
        ("收款账号6222020200012345678，谢谢", "6222020200012345678"),
        ("sort code 20-00-00, account 55779911", "55779911"),
        ("account_no=31926819", "31926819"),
    ),
    misses=(
        "31926819",
        "account balance 31926819",
        "account opened 2019-03-04",
        "account since 20190304",
        "my account has $12345678",
        "游戏账号QQ68657725",
        "账户余额12345678",
        "account 12345",
        "order 31926819",
        "account 0.12345678",
    ),
)

BASE58 = r"[1-9A-HJ-NP-Za-km-z]"

CRYPTO_ADDRESS = Kind(
    name="crypto_address",
    title=message("address of a crypto-currency"),
    identifying=True,
    severity=Severity.HIGH,
    jurisdiction="",
    context=words(
        "eth ether ethereum erc20 wallet crypto metamask usdt usdc bnb bsc polygon web3 defi nft airdrop token "
        "wallet_address blockchain etherscan mainnet ledger",
        "钱包 以太坊 以太 地址 虚拟币 数字货币 转币 收币",
    ),
    against=words("commit sha sha1 hash txhash checksum digest", "哈希"),
    forms=(
        Form(
            TOKEN,
            re.compile(rf"(?<![0-9A-Za-z])[13DLMT]{BASE58}{{25,34}}(?![0-9A-Za-z])"),
            CONFIRMED,
            alone=CONFIRMED,
            validator=validators.base58,
            has_checksum=True,
        ),
        Form(
            TOKEN,
            re.compile(
                r"(?<![0-9A-Za-z])(?:(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,71}|(?:BC|TB|LTC)1[02-9AC-HJ-NP-Z]{11,71})"
                r"(?![0-9A-Za-z])"
            ),
            CONFIRMED,
            alone=CONFIRMED,
            validator=validators.bech32,
            has_checksum=True,
        ),
        # Its checksum needs Keccak-256, which the standard library lacks.
        Form(
            TOKEN,
            re.compile(r"(?<![0-9A-Za-z])0x[0-9A-Fa-f]{40}(?![0-9A-Za-z])"),
            LIKELY,
            validator=validators.ethereum,
        ),
    ),
    hits=(
        ("tip me: 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("转到3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy谢谢", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ),
        ("my ETH wallet 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ),
    misses=(
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdz",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "wallet 0x0000000000000000000000000000000000000000",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    ),
)

KINDS: tuple[Kind, ...] = (IBAN, PAYMENT_CARD, CRYPTO_ADDRESS, SWIFT_BIC, BANK_ACCOUNT)
