"""National numbers of India, Australia, Singapore and Korea."""

from __future__ import annotations

from llmops_audit.personal_data.checksums import kr_rrn, kr_rrn_of_random_digits, passes, sg_nric
from llmops_audit.personal_data.gates import CODE, code, number
from llmops_audit.personal_data.kinds import Confidence, Form, Kind, words
from llmops_audit.personal_data.national import IDENTITY, TAX, THINGS, digits, joined, weak
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 70

CONFIRMED, LIKELY = Confidence.CONFIRMED, Confidence.LIKELY

IN_AADHAAR = Kind(
    name="in_aadhaar",
    title=message("Indian Aadhaar number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="IN",
    context=words(
        "aadhaar aadhar adhaar adhar aadhaar_card aadhaar_number aadhaar_no uidai uid_number uid_no",
        "आधार 印度身份证 印度身份号 阿达哈尔 印度生物识别身份",
    ),
    against=THINGS,
    forms=(
        # One random number in 12 passes.
        weak(number(12), joined(digits(4, 4, 4)), passes("in_.aadhaar")),
    ),
    hits=(
        ("Aadhaar: 2341 2341 2346", "2341 2341 2346"),
        ("aadhar no 234123412346", "234123412346"),
        ("印度身份证2341-2341-2346有效", "2341-2341-2346"),
        ("आधार संख्या २३४१ २३४१ २३४६", "२३४१ २३४१ २३४६"),
    ),
    misses=("2341 2341 2346", "234123412346", "Aadhaar pending, mobile 234123412346", "aadhaar 2341 2341 2346 9999"),
    mistyped=(("Aadhaar 2341 2341 2347", "2341 2341 2347"), ("uidai 134123412346", "134123412346")),
)

IN_PAN = Kind(
    name="in_pan",
    title=message("Indian permanent account number (PAN)"),
    identifying=True,
    severity=Severity.HIGH,
    jurisdiction="IN",
    context=words(
        "pan pan_card pan_number pan_no permanent_account permanent_account_number income_tax",
        "印度税号 印度永久账号 印度个税号",
    )
    | TAX,
    forms=(
        # There is no checksum; the fourth letter is the type of holder, and half of the letters are in use.
        Form(
            CODE,
            code(r"[A-Za-z]{5}[ \-]?[0-9]{4}[ \-]?[A-Za-z]"),
            CONFIRMED,
            validator=passes("in_.pan"),
            mistyped=True,
        ),
    ),
    hits=(
        ("PAN: ACUPA7085R", "ACUPA7085R"),
        ("my pan card is acupa7085r", "acupa7085r"),
        ("印度税号ACUPA7085R，谢谢", "ACUPA7085R"),
    ),
    misses=("ACUPA7085R", "a pan of 1234 g", "PAN ACUPA70851", "PAN ACUPA7085RX", "PAN ACU7085R"),
    mistyped=(("PAN ACUEA7085R", "ACUEA7085R"), ("PAN card: ACUPA0000R", "ACUPA0000R")),
)

AU_TFN = Kind(
    name="au_tfn",
    title=message("Australian tax file number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="AU",
    context=words(
        "tfn tfn_number tfn_no tax_file tax_file_number tax_file_no",
        "澳洲税号 澳大利亚税号 税务档案号 税务档案号码 税档号",
    ),
    against=THINGS,
    forms=(
        # One random number in 11 passes.
        weak(number(9), joined(digits(3, 3, 3)), passes("au.tfn")),
        # Eight digits: issued before 1989.
        Form(
            number(8),
            joined(digits(3, 3, 2), digits(2, 3, 3)),
            CONFIRMED,
            validator=passes("au.tfn"),
            has_checksum=True,
            reach=30,
        ),
    ),
    hits=(
        ("TFN: 123 456 782", "123 456 782"),
        ("my tax file number is 876543210", "876543210"),
        ("澳洲税号123-456-782。", "123-456-782"),
    ),
    misses=("123 456 782", "123456782", "TFN to follow, phone 123 456 782", "TFN 123 456 782 000", "TFN 000 000 000"),
    mistyped=(("TFN 123 456 789", "123 456 789"), ("tax file number 876543211", "876543211")),
)

SG_NRIC = Kind(
    name="sg_nric",
    title=message("Singapore identity number (NRIC, FIN)"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="SG",
    context=words(
        "nric nric_fin nric_no nric_number fin fin_no fin_number ic ic_no ic_number uin uinfin singpass myinfo "
        "registration_identity_card foreign_identification",
        "新加坡身份证 身份证 身份证号 登记证 外国人身份证号",
    )
    | IDENTITY,
    against=THINGS,
    forms=(
        # One letter in 26 fits, and part numbers look the same.
        weak(CODE, code(r"[STFGMstfgm][ \-]?[0-9]{7}[ \-]?[A-Za-z]"), sg_nric),
    ),
    hits=(
        ("NRIC: S1234567D", "S1234567D"),
        ("her FIN is G1234567X", "G1234567X"),
        ("新加坡身份证S1234567D已核对", "S1234567D"),
        ("ic no t1234567j", "t1234567j"),
    ),
    misses=("S1234567D", "part S1234567D", "the IC S12345D", "NRIC S12345678D", "order S1234567D"),
    mistyped=(("NRIC S1234567A", "S1234567A"),),
)

KR_RRN = Kind(
    name="kr_rrn",
    title=message("Korean resident registration number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="KR",
    context=words(
        "rrn resident_registration resident_registration_number resident_number jumin jumin_number korean_id "
        "alien_registration alien_registration_number arc_number foreigner_registration",
        "주민등록번호 주민번호 주민등록 외국인등록번호 韩国身份证 居民登录号 居民登记号 外国人登录号 住民登録番号",
    )
    | IDENTITY,
    against=THINGS,
    forms=(
        # One random number in 200 has a birth date and the check digit; with the hyphen it is nothing else.
        Form(
            number(13),
            joined(r"(?<![0-9][\-/ ])[0-9]{6}-[1-8][0-9]{6}(?![\-/][0-9])"),
            CONFIRMED,
            alone=LIKELY,
            validator=kr_rrn,
            has_checksum=True,
        ),
        weak(number(13), joined(r"(?<![0-9][\-/])(?:[0-9]{13}|[0-9]{6}(?: |-| - )[0-9]{7})(?![\-/][0-9])"), kr_rrn),
        Form(
            number(13),
            joined(r"(?<![0-9][\-/])[2-4][0-9]{5}[\- ]?[3478][0-9]{6}(?![\-/][0-9])"),
            LIKELY,
            validator=kr_rrn_of_random_digits,
        ),
    ),
    hits=(
        ("주민등록번호 971013-9019902", "971013-9019902"),
        ("RRN: 900101-1234568", "900101-1234568"),
        ("韩国身份证9001011234568已登记", "9001011234568"),
        ("900101-1234568", "900101-1234568"),
        ("RRN 210305-3123456", "210305-3123456"),
    ),
    misses=("9001011234568", "901301-1234568", "order 900101-1234568", "900101-1234569", "20900101-1234568"),
    mistyped=(("RRN 900101-1234569", "900101-1234569"), ("주민번호 9013011234568", "9013011234568")),
)

KINDS: tuple[Kind, ...] = (KR_RRN, SG_NRIC, IN_PAN, IN_AADHAAR, AU_TFN)
