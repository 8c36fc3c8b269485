"""National numbers of the United States, Canada and Brazil; passports, since many states number them alike."""

from __future__ import annotations

import re

from llmops_audit.personal_data import validators
from llmops_audit.personal_data.checksums import aba_routing, itin, passes, ssn
from llmops_audit.personal_data.gates import CODE, LEFT, RIGHT, code, number
from llmops_audit.personal_data.kinds import Confidence, Form, Gate, Kind, words
from llmops_audit.personal_data.national import TAX, THINGS, digits, joined, weak
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 50

CONFIRMED, LIKELY = Confidence.CONFIRMED, Confidence.LIKELY

US_SSN = Kind(
    name="us_ssn",
    title=message("US social security number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="US",
    context=words(
        "ssn social_security social_security_number social_sec soc_sec ss_no ss_num ss_number seguro_social",
        "社会安全号 社会安全码 社会保险号 社会保障号 社安号 社會安全號碼",
    ),
    against=THINGS,
    forms=(
        # There is no checksum, but three, two and four digits with hyphens are hardly ever anything else.
        Form(
            number(9),
            re.compile(rf"{LEFT}(?<![0-9]-)[0-8][0-9]{{2}}-[0-9]{{2}}-[0-9]{{4}}{RIGHT}(?!-[0-9])"),
            CONFIRMED,
            alone=LIKELY,
            validator=ssn,
        ),
        Form(number(9), joined(digits(3, 2, 4, between=" -./")), LIKELY, validator=ssn, mistyped=True),
    ),
    hits=(
        ("SSN: 536-90-4399", "536-90-4399"),
        ("她的社会安全号536904399", "536904399"),
        ("536-90-4399 was on file", "536-90-4399"),
        ("social security number is 536 90 4399.", "536 90 4399"),
        ("SSN536904399", "536904399"),
    ),
    misses=(
        "000-12-3456",
        "666-12-3456",
        "912-12-3456",
        "123-00-4567",
        "536904399",
        "078-05-1120",
        "2021-536-90-4399",
        "ticket 536-90-4399",
        "SSN: 000-00-0000",
    ),
    mistyped=(("SSN 666-12-3456", "666-12-3456"), ("社安号123-00-4567", "123-00-4567")),
)

US_ITIN = Kind(
    name="us_itin",
    title=message("US individual taxpayer identification number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="US",
    context=words(
        "itin itin_number individual_taxpayer individual_taxpayer_identification w7", "个人报税号 个人纳税识别号"
    )
    | TAX,
    against=THINGS,
    forms=(
        # As with the social security number. 43 of 100 groups are in use.
        Form(
            number(9),
            re.compile(rf"{LEFT}(?<![0-9]-)9[0-9]{{2}}-[5-9][0-9]-[0-9]{{4}}{RIGHT}(?!-[0-9])"),
            CONFIRMED,
            alone=LIKELY,
            validator=itin,
        ),
        Form(number(9), joined(rf"(?=9){digits(3, 2, 4)}"), LIKELY, validator=itin, mistyped=True),
    ),
    hits=(
        ("ITIN 912-70-1234", "912-70-1234"),
        ("her itin is 912701234", "912701234"),
        ("个人报税号912-90-1234已收到", "912-90-1234"),
        ("911-53-1234 on the form", "911-53-1234"),
    ),
    misses=("912701234", "912-12-3456", "912-93-1234", "order 912-70-1234", "912-70-1234-5", "812-70-1234"),
    mistyped=(("ITIN: 912-93-1234", "912-93-1234"),),
)

US_EIN = Kind(
    name="us_ein",
    title=message("US employer identification number"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="US",
    context=words(
        "ein fein ein_number employer_identification employer_identification_number employer_id federal_tax_id "
        "fed_tax_id federal_ein",
        "雇主识别号 雇主识别号码 联邦税号",
    )
    | TAX,
    against=THINGS,
    forms=(
        # No checksum, and the list of prefixes grows. `ein` is a German word, so it must be near.
        Form(number(9), joined(r"(?<![0-9][\-/])(?!00)[0-9]{2}-[0-9]{7}(?![\-/][0-9])"), LIKELY, reach=30),
        Form(number(9), joined(r"(?<![0-9][\-/])(?!00)[0-9]{9}(?![\-/][0-9])"), LIKELY, reach=12),
    ),
    hits=(
        ("EIN: 12-3456789", "12-3456789"),
        ("our federal tax id is 98-7654321", "98-7654321"),
        ("雇主识别号12-3456789", "12-3456789"),
        ("EIN 123456789", "123456789"),
    ),
    misses=("12-3456789", "EIN 12-345678", "invoice 12-3456789", "EIN 00-1234567", "it was ein Haus"),
)

US_BANK_ROUTING = Kind(
    name="us_bank_routing",
    title=message("US bank routing number"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="US",
    context=words(
        "routing routing_number routing_no routing_num routing_transit routing_transit_number rtn aba aba_number "
        "aba_routing transit_number micr",
        "路由号 路由号码 汇款路线号码 银行路线号 美国银行代码",
    ),
    against=THINGS,
    forms=(
        # One random number in 26 has a district and the check digit.
        weak(number(9), joined(digits(4, 4, 1, between="-")), aba_routing),
    ),
    hits=(
        ("routing number 021000021", "021000021"),
        ("ABA: 0110-0001-5", "0110-0001-5"),
        ("银行路由号121000248，谢谢", "121000248"),
    ),
    misses=("021000021", "route 021000021", "routing table 10.0.0.0", "routing pending, account 021000021"),
    mistyped=(("routing number 021000022", "021000022"), ("ABA 411000021", "411000021")),
)

LICENSE_PLAIN = (
    r"[0-9]{7,9}|[0-9]{3} [0-9]{3} [0-9]{3}|[0-9]{2} [0-9]{3} [0-9]{3}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{4}|[0-9]{2}-[0-9]{3}-[0-9]{4}"
)
LICENSE_LETTERS = (
    r"[A-Za-z]{1,2}[0-9]{5,14}[A-Za-z]?"  # most states
    r"|[A-Z][ \-][0-9]{6,14}"
    r"|[A-Z][ \-]?[0-9]{3}[ \-][0-9]{3}[ \-][0-9]{2,3}[ \-][0-9]{3}(?:[ \-][0-9])?"  # Florida, Maryland, Michigan
    r"|[A-Z][ \-]?[0-9]{3}[ \-][0-9]{4}[ \-][0-9]{4}(?:[ \-][0-9]{2})?"  # Illinois, Wisconsin
    r"|[A-Z][0-9]{4}[ \-][0-9]{5}[ \-][0-9]{5}"  # New Jersey
    r"|[A-Z][0-9]{2}-[0-9]{2,3}-[0-9]{3,4}"  # Kansas, Kentucky
    r"|[A-Z]{3}-?[0-9]{2}-?[0-9]{4}|[0-9]{2}[A-Z]{3}[0-9]{5,6}|NHL[0-9]{8}|[0-9]{3}[A-Z]{2}[0-9]{4}"
    r"|[0-9]{8,9}[A-Z]{1,2}|[0-9]{7}A"  # North Dakota, New Hampshire, Iowa; Missouri, Vermont
    r"|[A-Z][A-Z*]{5}(?:[A-Z][0-9]{3}[0-9A-Z]|\*[0-9]{3}[A-Z])[0-9A-Z]|WDL[0-9]{2}[0-9A-Z]{7}"  # Washington
)
MARKED = Gate(r"[Dd][Ll](?:[ #:=]|\":)")
LICENSE_MARKS = ("DL ", "DL:", "DL: ", "DL#", "DL# ", "DL #", "DL=", "dl=", '[Dd][Ll]":"', '[Dd][Ll]": "')

US_DRIVER_LICENSE = Kind(
    name="us_driver_license",
    title=message("US driver's license number"),
    identifying=True,
    severity=Severity.HIGH,
    jurisdiction="US",
    context=words(
        "driver_license driver_licence drivers_license drivers_licence driving_license driving_licence driver_lic "
        "drivers_lic driving_permit driver_permit drivers_permit license_number licence_number license_no licence_no "
        "license_num lic_no dln dl_no dl_number dl_num cdl dmv operator_license licencia_de_conducir",
        "驾照 驾照号 驾驶证 驾驶执照 駕照",
    ),
    against=THINGS | words("plate tag key serial registration", "车牌 软件 序列号 营业执照"),
    forms=(
        Form(CODE, re.compile(f"{LEFT}(?:{LICENSE_LETTERS}){RIGHT}"), LIKELY, reach=40),
        Form(
            number(7),
            re.compile(rf"{LEFT}(?<![0-9][ \-/])(?:{LICENSE_PLAIN}){RIGHT}(?![\-/][0-9])"),
            LIKELY,
            validator=validators.record,
            reach=40,
        ),
        # The prefix is the context, since `dl` is a volume in medical notes.
        Form(
            MARKED,
            re.compile(
                rf"(?:{'|'.join(f'(?<=(?<![0-9A-Za-z]){mark})' for mark in LICENSE_MARKS)})"
                rf"(?:{LICENSE_LETTERS}){RIGHT}"
            ),
            LIKELY,
            alone=LIKELY,
        ),
    ),
    hits=(
        ("driver's license number is D1234567", "D1234567"),
        ("Drivers license: F255-921-50-094-0", "F255-921-50-094-0"),
        ("DL# S12345678", "S12345678"),
        ('{"dl": "D1234567"}', "D1234567"),
        ("driving licence no 12345678", "12345678"),
        ("他的驾照号是M 123 456 789 012吗", "M 123 456 789 012"),
        ("license_number=AB123456C", "AB123456C"),
    ),
    misses=(
        "D1234567",
        "12345678",
        "license plate D1234567",
        "glucose 105 mg/dL 12345678",
        "driver license issued 20240131",
        "license to kill 007",
    ),
)

PASSPORT = Kind(
    name="passport",
    title=message("passport number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="",
    context=words(
        "passport passport_number passport_no passport_num passport_id passportno ppt_no passeport reisepass "
        "reisepassnummer passnummer pasaporte passaporto passaporte paspoort paspoortnummer paszport pas_nummer",
        "护照 护照号 护照号码 護照 여권 여권번호 パスポート 旅券 паспорт паспорта पासपोर्ट",
    ),
    against=THINGS | words("visa visa_number flight pnr ssn", "签证号 航班"),
    forms=(
        # One to three letters: most states; two in the middle: France; letters anywhere: Germany, Korea.
        Form(
            CODE,
            code(
                r"[A-Za-z]{1,2}[0-9]{6,8}[A-Za-z]?|[A-Z]{3}[0-9]{6}|[A-Z][ \-][0-9]{6,8}|[0-9]{2}[A-Za-z]{2}[0-9]{5}"
                r"|[CFGHJKLMNPRTVWXYZ][0-9]{2}[0-9CFGHJKLMNPRTVWXYZ]{6,7}|[A-Z][0-9]{3}[A-Z][0-9]{4}"
            ),
            LIKELY,
        ),
        Form(
            number(8),
            code(
                r"(?<![0-9][\-/ ])(?:[0-9]{8,9}|[0-9]{3} [0-9]{3} [0-9]{3}|[0-9]{2} ?[0-9]{2} [0-9]{6})(?![\-/][0-9])"
            ),
            LIKELY,
            validator=validators.record,
            reach=40,
        ),
    ),
    hits=(
        ("US passport: 340020013", "340020013"),
        ("passport number X1234567, expires soon", "X1234567"),
        ("passport no. is A12345678", "A12345678"),
        ("Reisepass C01X00T47", "C01X00T47"),
        ("passeport 12AB34567", "12AB34567"),
        ("他的美国护照340020013已过期", "340020013"),
    ),
    misses=(
        "340020013",
        "X1234567",
        "passport to success in 2024",
        "passport application, order 340020013",
        "passport photo 35x45 mm",
        "passport renewal, call 340020013",
    ),
)

CA_SIN = Kind(
    name="ca_sin",
    title=message("Canadian social insurance number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="CA",
    context=words(
        "sin sin_number sin_no sin_num social_insurance social_insurance_number social_insurance_no assurance_sociale "
        "nas",
        "社会保险号 社保卡号 工卡号 加拿大社会保险号 加拿大工卡 加拿大社保号",
    ),
    against=THINGS | words("teléfono telefono móvil llame llamar llámame"),
    forms=(
        # Luhn alone: one random number in ten. `sin` is Spanish for "without", so it must be near.
        weak(number(9), joined(digits(3, 3, 3)), passes("luhn"), reach=30),
    ),
    hits=(
        ("SIN: 046 454 286", "046 454 286"),
        ("social insurance number 046-454-286", "046-454-286"),
        ("加拿大工卡号046454286", "046454286"),
    ),
    misses=("046 454 286", "sin of 1990", "SIN 046 454 286 123", "SIN pending, phone 046 454 286", "SIN 000 000 000"),
    mistyped=(("SIN: 046 454 287", "046 454 287"), ("social insurance 123456789", "123456789")),
)

BR_CPF = Kind(
    name="br_cpf",
    title=message("Brazilian taxpayer number (CPF)"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="BR",
    context=words(
        "cpf cpf_number número_do_cpf cadastro_de_pessoas cadastro_pessoa contribuinte", "巴西税号 巴西个人税号"
    )
    | TAX,
    against=THINGS | words("telefone celular pedido"),
    forms=(
        # One random number in 100 passes, but three groups with dots and a hyphen are nothing else.
        Form(
            number(11),
            joined(r"(?<![0-9][\-/ ])[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![\-/][0-9])"),
            CONFIRMED,
            alone=LIKELY,
            validator=passes("br.cpf"),
            has_checksum=True,
        ),
        weak(
            number(11),
            joined(
                digits(3, 3, 3, 2),
                r"(?<![0-9][\-/ ])(?:[0-9]{3}\.[0-9]{3}\.[0-9]{3}|[0-9]{3} [0-9]{3} [0-9]{3}|[0-9]{9})[\-/][0-9]{2}"
                r"(?![\-/][0-9])",
            ),
            passes("br.cpf"),
        ),
    ),
    hits=(
        ("CPF 529.982.247-25", "529.982.247-25"),
        ("meu cpf é 52998224725", "52998224725"),
        ("巴西税号529.982.247-25。", "529.982.247-25"),
        ("529.982.247-25", "529.982.247-25"),
    ),
    misses=("52998224725", "529.982.247-26", "111.111.111-11", "CPF 111.111.111-11", "pedido 52998224725"),
    mistyped=(("CPF 529.982.247-26", "529.982.247-26"), ("cpf: 52998224735", "52998224735")),
)

KINDS: tuple[Kind, ...] = (
    US_SSN,
    US_ITIN,
    CA_SIN,
    BR_CPF,
    US_BANK_ROUTING,
    US_EIN,
    PASSPORT,
    US_DRIVER_LICENSE,
)
