"""National numbers of European states."""

from __future__ import annotations

import re

from llmops_audit.personal_data.checksums import (
    es_document,
    fr_nir,
    fr_nir_of_known_birth,
    fr_nir_without_key,
    passes,
    se_personnummer,
    uk_nino,
)
from llmops_audit.personal_data.gates import CODE, LEFT, RIGHT, code, number
from llmops_audit.personal_data.kinds import Confidence, Form, Gate, Kind, words
from llmops_audit.personal_data.national import IDENTITY, TAX, THINGS, digits, joined, weak
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 60

CONFIRMED, LIKELY = Confidence.CONFIRMED, Confidence.LIKELY

UK_NINO = Kind(
    name="uk_nino",
    title=message("UK National Insurance number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="GB",
    context=words(
        "nino ni ni_number ni_no ni_num nin national_insurance national_insurance_number national_insurance_no "
        "nat_ins ni_contributions insurance_number",
        "国民保险号 国民保险号码 国家保险号 英国社保号",
    ),
    against=THINGS,
    forms=(
        # There is no checksum, but two letters, three pairs of digits and a letter are hardly ever anything else.
        Form(
            CODE,
            code(r"[A-Z]{2} [0-9]{2} [0-9]{2} [0-9]{2} [A-D]"),
            CONFIRMED,
            alone=LIKELY,
            validator=uk_nino,
        ),
        Form(
            CODE,
            re.compile(rf"{LEFT}[A-Za-z]{{2}}(?:[ \-]?[0-9]{{2}}){{3}}[ \-]?[A-Za-z]{RIGHT}"),
            CONFIRMED,
            validator=uk_nino,
            mistyped=True,
        ),
        Form(
            CODE,
            re.compile(rf"{LEFT}[A-Z]{{2}}(?:[ \-]?[0-9]{{2}}){{3}}{RIGHT}(?![ \-]?[0-9A-Z])"),
            LIKELY,
            validator=uk_nino,
            reach=30,
        ),
    ),
    hits=(
        ("NI number AB123456C", "AB123456C"),
        ("her national insurance no. is CE 12 34 56 D", "CE 12 34 56 D"),
        ("国民保险号JG103759A已登记", "JG103759A"),
        ("AB 12 34 56 C", "AB 12 34 56 C"),
        ("nino=jg103759a", "jg103759a"),
    ),
    misses=(
        "AB123456C",
        "GB 12 34 56 C",
        "AB 12 34 56 E",
        "national insurance is 12 %",
        "order AB 12 34 56 C",
        "NI AB1234567C",
    ),
    mistyped=(("NI number BG123456C", "BG123456C"), ("NINO QQ 12 34 56 C", "QQ 12 34 56 C")),
)

UK_NHS = Kind(
    name="uk_nhs",
    title=message("UK NHS number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="GB",
    context=words(
        "nhs nhs_number nhs_no nhs_num nhs_id nhsno nhsnumber national_health_service",
        "英国医保号 英国医疗号 国民保健号 国民医疗号 国家医疗服务号",
    ),
    against=THINGS | words("helpline hotline"),
    forms=(
        # One random number in 11 passes.
        weak(number(10), joined(digits(3, 3, 4)), passes("gb.nhs")),
    ),
    hits=(
        ("NHS number: 943 476 5919", "943 476 5919"),
        ("nhs_no=9434765919", "9434765919"),
        ("英国医保号943-476-5919请查收", "943-476-5919"),
    ),
    misses=("943 476 5919", "NHS budget of 9434765919.50", "NHS helpline 943 476 5919", "NHS 111", "NHS 12/03/2021"),
    mistyped=(("NHS no 943 476 5918", "943 476 5918"), ("nhs number 9434765019", "9434765019")),
)

DE_TAX_ID = Kind(
    name="de_tax_id",
    title=message("German tax identification number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="DE",
    context=words(
        "steuer_id steuerid steuer_identifikationsnummer steueridentifikationsnummer steuerliche_identifikationsnummer "
        "identifikationsnummer steuernummer idnr steuer_idnr steuer_nr steuer_nummer german_tax tax_id_germany "
        "steuer_identnummer identnr",
        "德国税号 德国个人税号 税务识别号 税务号",
    )
    | TAX,
    against=THINGS | words("kundennummer bestellnummer rechnung telefon"),
    forms=(
        # One random number in 290 has one digit twice or thrice, the others once at most, and the check digit.
        weak(number(11), joined(digits(2, 3, 3, 3, between=" -./")), passes("de.idnr")),
    ),
    hits=(
        ("Steuer-ID: 36 574 261 809", "36 574 261 809"),
        ("meine Steueridentifikationsnummer lautet 36574261809", "36574261809"),
        ("德国税号36574261809。", "36574261809"),
    ),
    misses=("36574261809", "36 574 261 809", "Rechnung 36574261809", "tax id 11111111111", "Steuer 2021: 36574"),
    mistyped=(("Steuer-ID 36 574 261 808", "36 574 261 808"), ("IdNr. 12345678901", "12345678901")),
)

NIR_GROUPED = r"[0-9] [0-9]{2} [0-9]{2} [0-9]{2} [0-9]{3} [0-9]{3} [0-9]{2}"
NIR_SIGN = r"[ .\-/]{0,2}"
CORSICA = Gate(rf"[0-9]{{2}}{NIR_SIGN}2[ABab]{NIR_SIGN}[0-9]{{3}}")

FR_NIR = Kind(
    name="fr_nir",
    title=message("French social security number (NIR)"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="FR",
    context=words(
        "nir numéro_nir sécurité_sociale securite_sociale sécu secu numéro_sécu insee numéro_insee carte_vitale "
        "assuré_social num_secu nss no_ss french_social_security",
        "法国社保号 法国社会保险号 法国社会保障号",
    ),
    against=THINGS | words("téléphone commande facture siret siren"),
    forms=(
        # Corsica: one random code of this shape in 20,000 passes.
        Form(
            CORSICA,
            code(
                rf"[0-9](?:{NIR_SIGN}[0-9]{{2}}){{2}}{NIR_SIGN}2[ABab](?:{NIR_SIGN}[0-9]{{3}}){{2}}{NIR_SIGN}[0-9]{{2}}"
            ),
            CONFIRMED,
            alone=CONFIRMED,
            validator=fr_nir,
            has_checksum=True,
            mistyped=True,
        ),
        # One random number in 4,200 passes; in these seven groups it is hardly ever anything else.
        Form(
            number(15),
            joined(rf"(?<![0-9] ){NIR_GROUPED}(?! [0-9])"),
            CONFIRMED,
            alone=LIKELY,
            validator=fr_nir_of_known_birth,
            has_checksum=True,
        ),
        # Other digits replace an unknown birth date or sex: one random number in 170 passes.
        weak(
            number(15),
            joined(
                rf"(?<![0-9][ \-/])[0-9](?:{NIR_SIGN}[0-9]{{2}}){{3}}(?:{NIR_SIGN}[0-9]{{3}}){{2}}{NIR_SIGN}[0-9]{{2}}"
            ),
            fr_nir,
        ),
        Form(
            number(13),
            joined(
                rf"(?<![0-9][ \-/])[0-9](?:{NIR_SIGN}[0-9]{{2}}){{3}}(?:{NIR_SIGN}[0-9]{{3}}){{2}}(?!{NIR_SIGN}[0-9])"
            ),
            LIKELY,
            validator=fr_nir_without_key,
        ),
    ),
    hits=(
        ("NIR : 2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
        ("numéro de sécurité sociale 255081416802538", "255081416802538"),
        ("法国社保号255081416802538已核对", "255081416802538"),
        ("2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
        ("n° sécu 2 55 08 14 168 025", "2 55 08 14 168 025"),
    ),
    misses=(
        "255081416802538",
        "2 55 08 14 168 025 39",
        "2 55 13 14 168 025 33",
        "commande 255081416802538",
        "25508 1416802538 38 12",
    ),
    mistyped=(("NIR 2 55 08 14 168 025 39", "2 55 08 14 168 025 39"), ("sécu: 255081416812538", "255081416812538")),
)

CODICE_DIGIT = "[0-9LMNPQRSTUV]"

IT_CODICE_FISCALE = Kind(
    name="it_codice_fiscale",
    title=message("Italian tax code (codice fiscale)"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="IT",
    context=words(
        "codice_fiscale codicefiscale cod_fisc cod_fiscale codice_fisc fiscale tessera_sanitaria italian_tax_code "
        "fiscal_code cf",
        "意大利税号 意大利税码 税码",
    )
    | TAX
    | IDENTITY,
    forms=(
        # One code of this shape in 70 has the check letter and a date, but no other code has the shape. Letters
        # replace digits where two persons would share a code.
        Form(
            CODE,
            code(
                rf"(?=[A-Z]{{3}}[ \-]?[A-Z]{{3}}[ \-]?(?:[0-9]{{2}}|[A-Z]{{3}}[0-9]{{2}}))"
                rf"[A-Z]{{3}}[ \-]?[A-Z]{{3}}[ \-]?"
                rf"{CODICE_DIGIT}{{2}}[A-EHLMPR-T]{CODICE_DIGIT}{{2}}[ \-]?[A-Z]{CODICE_DIGIT}{{3}}[ \-]?[A-Z]",
                re.IGNORECASE,
            ),
            CONFIRMED,
            alone=CONFIRMED,
            validator=passes("it.codicefiscale"),
            has_checksum=True,
            mistyped=True,
        ),
    ),
    hits=(
        ("codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ("意大利税号RCCMNL83S18D969H有效", "RCCMNL83S18D969H"),
        ("cf: rccmnl83s18d969h", "rccmnl83s18d969h"),
        ("RCC MNL 83S18 D969H", "RCC MNL 83S18 D969H"),
    ),
    misses=("RCCMNL83S18D969I", "RCCMNL83S18D969", "RCCMNL83S18D969HX", "RCCMNL83S71D969H", "MSRNTI85T10A562S7"),
    mistyped=(("codice fiscale RCCMNL83S18D969I", "RCCMNL83S18D969I"),),
)

ES_DNI = Kind(
    name="es_dni",
    title=message("Spanish identity number (DNI, NIE)"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="ES",
    context=words(
        "dni nie nif dni_nie documento_nacional documento_de_identidad documento_identidad número_de_identidad "
        "número_de_identificación identidad cédula spanish_id spanish_national_id",
        "西班牙身份证 西班牙税号 西班牙居留号 外国人身份号",
    )
    | IDENTITY
    | TAX,
    forms=(
        # One letter in 26 fits.
        weak(
            CODE,
            code(
                r"(?:[0-9]{7,8}|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3})(?:-?[A-Za-z]|[ \-]{1,2}[A-Z])"
                r"|[XYZKLMxyzklm][ \-]?(?:[0-9]{7}|[0-9]\.[0-9]{3}\.[0-9]{3})(?:-?[A-Za-z]|[ \-]{1,2}[A-Z])"
            ),
            es_document,
        ),
    ),
    hits=(
        ("DNI: 12345678Z", "12345678Z"),
        ("mi NIE es X-1234567-L", "X-1234567-L"),
        ("dni 12.345.678-Z", "12.345.678-Z"),
        ("西班牙身份证12345678Z已登记", "12345678Z"),
    ),
    misses=("12345678Z", "X1234567L", "dni 12345678", "the die 1234Z", "DNI 123456789Z"),
    mistyped=(("DNI 12345678A", "12345678A"), ("NIE: X1234567A", "X1234567A")),
)

NL_BSN = Kind(
    name="nl_bsn",
    title=message("Dutch citizen service number (BSN)"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="NL",
    context=words(
        "bsn bsn_number bsn_nummer bsnnummer burgerservicenummer burger_service_nummer citizen_service_number "
        "sofinummer sofi_nummer persoonsnummer",
        "荷兰身份证 荷兰公民服务号 公民服务号 荷兰社保号 荷兰税号",
    ),
    against=THINGS | words("telefoonnummer telefoon rekening kvk"),
    forms=(
        # One random number in 11 passes.
        weak(number(9), joined(digits(3, 3, 3), digits(4, 2, 3)), passes("nl.bsn")),
    ),
    hits=(
        ("BSN 111222333", "111222333"),
        ("burgerservicenummer: 1112.22.333", "1112.22.333"),
        ("荷兰公民服务号111 222 333。", "111 222 333"),
    ),
    misses=("111222333", "1112.22.333", "BSN volgt, telefoon 111222333", "bsn 111222333-1", "KvK 111222333"),
    mistyped=(("BSN: 111222334", "111222334"), ("bsn 123 456 789", "123 456 789")),
)

PL_PESEL = Kind(
    name="pl_pesel",
    title=message("Polish identity number (PESEL)"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="PL",
    context=words("pesel numer_pesel nr_pesel pesel_number pesel_no", "波兰身份证 波兰身份号 波兰个人号码") | IDENTITY,
    against=THINGS | words("telefon zamówienie faktura"),
    forms=(
        # One random number in 55 has a date and the check digit.
        weak(number(11), joined(digits(6, 5)), passes("pl.pesel")),
    ),
    hits=(
        ("PESEL 44051401359", "44051401359"),
        ("numer PESEL: 02270803624", "02270803624"),
        ("波兰身份证44051401359请核对", "44051401359"),
    ),
    misses=("44051401359", "faktura 44051401359", "PESEL 4405140135", "440514 01359", "pesel: 00000000000"),
    mistyped=(("PESEL 44051401358", "44051401358"), ("PESEL 44991401359", "44991401359")),
)

SE_PERSONNUMMER = Kind(
    name="se_personnummer",
    title=message("Swedish personal identity number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="SE",
    context=words(
        "personnummer person_nummer personnr person_nr persnr personal_identity_number personal_number "
        "personal_identification_number samordningsnummer swedish_personal_number svenskt_personnummer",
        "瑞典身份证 瑞典个人号码 瑞典个人号 个人身份号码 人口号",
    )
    | IDENTITY,
    against=THINGS | words("telefon mobil faktura"),
    forms=(
        # One random number in 135 has a date and the Luhn digit; order numbers begin with dates as well.
        weak(number(10), joined(r"(?<![0-9][\-/])(?:[0-9]{2})?[0-9]{6}[\- ]?[0-9]{4}(?![\-/][0-9])"), se_personnummer),
        # A plus instead of the hyphen, from the age of a hundred.
        weak(number(6), joined(r"(?<![0-9][\-/])(?:[0-9]{2})?[0-9]{6}\+[0-9]{4}(?![\-/][0-9])"), se_personnummer),
    ),
    hits=(
        ("personnummer 811228-9874", "811228-9874"),
        ("Personnr: 198112289874", "198112289874"),
        ("瑞典个人号码19811228-9874已登记", "19811228-9874"),
        ("personnummer 121212+1212", "121212+1212"),
    ),
    misses=("811228-9874", "8112289874", "order 20230115-1234", "telefon 811228-9874", "198112289874"),
    mistyped=(("personnummer 811228-9873", "811228-9873"), ("personnr 811328-9874", "811328-9874")),
)

KINDS: tuple[Kind, ...] = (
    IT_CODICE_FISCALE,
    FR_NIR,
    UK_NINO,
    ES_DNI,
    DE_TAX_ID,
    PL_PESEL,
    SE_PERSONNUMMER,
    UK_NHS,
    NL_BSN,
)
