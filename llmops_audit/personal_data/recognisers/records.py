"""Dates of birth, and the numbers of a person's file at hospitals and insurers."""

from __future__ import annotations

import re

from llmops_audit.personal_data import validators
from llmops_audit.personal_data.gates import CODE, WRITTEN_DATE, number
from llmops_audit.personal_data.kinds import Confidence, Form, Kind, words
from llmops_audit.personal_data.quantities import COUNTED
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 90

LIKELY = Confidence.LIKELY

YEAR = r"(?:19|20)[0-9]{2}"
MONTH = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
DAY = r"[0-3]?[0-9](?i:st|nd|rd|th)?"
END = r"(?![0-9])(?![./\-][0-9])(?![A-SU-Za-z])"
"""A `T` and the time of day may follow."""

NUMERIC_DAY = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9][./\-])(?:{YEAR} ?([./\-]) ?[01]?[0-9] ?\1 ?[0-3]?[0-9]"
    rf"|[0-3]?[0-9] ?([./\-]) ?[0-3]?[0-9] ?\2 ?(?:{YEAR}|[0-9]{{2}})){END}"
)
CHINESE_DAY = re.compile(rf"(?<![0-9])(?:{YEAR}|[0-9]{{2}}) ?年 ?[01]?[0-9] ?月(?: ?[0-3]?[0-9] ?[日号])?")
WRITTEN_DAY = re.compile(
    rf"(?<![0-9A-Za-z])(?:{DAY}(?: of)?[ .\-]{{0,2}}{MONTH}[ .,\-]{{0,2}}(?:{YEAR}|'?[0-9]{{2}})"
    rf"|{MONTH}[ .\-]{{0,2}}{DAY}[ .,\-]{{1,2}}(?:{YEAR}|'?[0-9]{{2}})){END}"
)
COMPACT_DAY = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][./\-])(?:{YEAR}[0-9]{{4}}|[0-3][0-9]{{3}}{YEAR}){END}")

PATIENT_WORDS = words(
    "mrn mr_no med_rec_no medical_record medical_record_number medical_record_no medical_records_number "
    "record_number "
    "patient_id patient_number patient_no patient_num patient_identifier patientid pt_id hospital_number "
    "hospital_no "
    "hospital_id chart_number chart_no chart_id unit_number emr ehr_id health_record health_record_number "
    "patientennummer fallnummer",
    "病历号 病案号 住院号 门诊号 就诊号 患者编号 患者号 病人编号 病人号 就诊卡号 登记号 诊疗卡号 检查号 体检号 "
    "患者ID 病人ID",
)

DATE_OF_BIRTH = Kind(
    name="date_of_birth",
    title=message("date of birth"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="",
    context=words(
        "born dob d_o_b birth birthdate birthday birth_date birth_day date_of_birth bday b_day birthyear born_on "
        "geboren geburtsdatum geburtstag geb né née nacido nacida nacimiento naissance nascita nascimento "
        "geboortedatum geboren_op född fødselsdato syntymäaika urodzenia",
        "出生 生日 生于 诞辰 出生日期 出生年月 生年月日 誕生日 생년월일",
    ),
    against=PATIENT_WORDS
    | words(
        "expiry expires expiring expiration issued issue valid admission admitted admit visit appointment appt "
        "discharge discharged hired hire joined join created updated modified due died death deceased passed "
        "ordered order delivery delivered shipped seen examined surgery operation onset diagnosed vaccinated booked "
        "meeting registered signed filed deadline party celebrate celebrated release released",
        "签发 有效期 到期 入院 出院 就诊 手术 入职 离职 截止 去世 逝世 注册 办理 登记日期 下单 发货",
    ),
    forms=(
        Form(WRITTEN_DATE, NUMERIC_DAY, LIKELY, validator=validators.day, reach=40),
        Form(WRITTEN_DATE, CHINESE_DAY, LIKELY, validator=validators.day, reach=40),
        Form(WRITTEN_DATE, WRITTEN_DAY, LIKELY, validator=validators.day, reach=40),
        Form(number(8), COMPACT_DAY, LIKELY, validator=validators.day, reach=30),
    ),
    hits=(
        ("DOB: 03/04/1990", "03/04/1990"),
        ("she was born on 4 March 1990 in Leeds", "4 March 1990"),
        ("born March 4th, 1990", "March 4th, 1990"),
        ("date_of_birth=1990-03-04T00:00:00", "1990-03-04"),
        ("出生日期：1990年3月4日", "1990年3月4日"),
        ("我1990年3月4日出生", "1990年3月4日"),
        ("birthday 04.03.90", "04.03.90"),
        ("dob 19900304", "19900304"),
    ),
    misses=(
        "03/04/1990",
        "on 4 March 1990 we met",
        "DOB 31/31/1990",
        "born at 12.30.5",
        "born in 1990",
        "admitted 03/04/2020",
        "有效期1990年3月4日",
        "birthday party delivered 12/05/2024",
        "birth weight 3.450",
    ),
)

FILE_DIGITS = re.compile(
    r"(?<![0-9])(?<![0-9][.,/\-])(?<![$£€¥₹+.])(?=(?:-?[0-9]){5})[0-9]{2,14}(?:-[0-9]{1,8}){0,3}"
    rf"(?![0-9A-Za-z])(?![.,:/\-][0-9A-Za-z]){COUNTED}"
)
FILE_CODE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Za-z][.\-/@_])(?:[A-Z]{1,5}|[a-z]{1,4})-?[0-9]{2,14}(?:[\-/]?[0-9A-Za-z]{1,8}){0,3}"
    r"(?![0-9A-Za-z])(?![.@][0-9A-Za-z])"
)

PATIENT_NUMBER = Kind(
    name="patient_number",
    title=message("patient or medical record number"),
    identifying=True,
    severity=Severity.HIGH,
    jurisdiction="",
    context=PATIENT_WORDS,
    against=words(
        "order invoice tracking ticket version case phone tel call fax mobile ssn account policy",
        "订单 发票 电话 手机 身份证 账号 保单",
    ),
    forms=(
        Form(number(5), FILE_DIGITS, LIKELY, validator=validators.record_begun, reach=30),
        Form(CODE, FILE_CODE, LIKELY, validator=validators.record_begun, reach=30),
    ),
    hits=(
        ("MRN: 00482193", "00482193"),
        ("Patient ID P-204817, admitted", "P-204817"),
        ("住院号2023041877", "2023041877"),
        ("medical record number is 48-21-93", "48-21-93"),
        ("MRN00482193", "00482193"),
    ),
    misses=(
        "00482193",
        "patient took 50000 units",
        "order P-204817",
        "MRN 2020-01-31",
        "MRN pending, call 00482193",
        "patient no longer 12",
    ),
)

POLICY_DIGITS = re.compile(FILE_DIGITS.pattern.replace("{5})", "{6})", 1))
POLICY_CODE = re.compile(FILE_CODE.pattern.replace("|[a-z]{1,4}", "", 1))
"""Software has policies too, with numbered issues."""

POLICY_NUMBER = Kind(
    name="policy_number",
    title=message("insurance policy number"),
    identifying=True,
    severity=Severity.HIGH,
    jurisdiction="",
    context=words(
        "policy policy_number policy_no policy_num policy_id policyno policynumber insurance_number insurance_no "
        "insurance_id insurance_policy member_id member_number subscriber_id subscriber_number certificate_number "
        "group_number plan_number versicherungsnummer versicherungsschein numéro_de_police póliza polizza polisnummer",
        "保单号 保单 保险单号 保险单 投保单 保险号 医保号 医保卡号 社保号 会员号",
    ),
    against=words(
        "order invoice tracking ticket version case phone tel call fax mobile ssn account mrn patient claim premium "
        "effective section limit deductible amount sum number_of social_insurance_number social_insurance "
        "national_insurance_number national_insurance",
        "订单 发票 电话 手机 身份证 账号 病历 保费 保额 金额",
    ),
    forms=(
        Form(number(6), POLICY_DIGITS, LIKELY, validator=validators.record, reach=30),
        Form(CODE, POLICY_CODE, LIKELY, validator=validators.record, reach=30),
    ),
    hits=(
        ("Policy number: HX1234567", "HX1234567"),
        ("policy no. POL-2023-004512 lapsed", "POL-2023-004512"),
        ("保单号P0123456789", "P0123456789"),
        ("her policy 880214573 covers it", "880214573"),
    ),
    misses=(
        "880214573",
        "policy fix gh-20694",
        "policy of 20240131",
        "privacy policy, section 102030",
        "claim 880214573",
        "our return policy is 30 days",
        "保费880214元",
    ),
)

KINDS: tuple[Kind, ...] = (DATE_OF_BIRTH, PATIENT_NUMBER, POLICY_NUMBER)
