"""Chinese kinds: residents, travellers, organisations and vehicles.

Telephone numbers are in `contact`, bank cards in `finance`.
"""

from __future__ import annotations

import re

from llmops_audit.personal_data import chinese_numbers
from llmops_audit.personal_data.gates import CODE, FOREIGN, RIGHT, code, number
from llmops_audit.personal_data.kinds import Confidence, Form, Gate, Kind, words
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 40

CONFIRMED, LIKELY = Confidence.CONFIRMED, Confidence.LIKELY

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

PLATE = Gate(f"[{PROVINCES}] ?[A-Za-z]", within=FOREIGN)

DOCUMENTS = words("", "证件号 证件号码 证件编号")
"""Words for any document."""

THINGS = words(
    "order invoice tracking parcel serial isbn issn sku imei transaction txn model",
    "订单 单号 流水 序列号 快递 运单 货号 型号 版本",
)
"""Words that name numbers of things. Words such as 编号 are missing, since they also name numbers of documents."""

RESIDENT_ID = Kind(
    name="cn_resident_id",
    title=message("Chinese resident identity number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="CN",
    context=DOCUMENTS
    | words(
        "id_card identity_card identity_number identity_no id_number id_no id_card_number citizen_id national_id "
        "resident_id residence_permit sfz sfzh sfzhm shenfenzheng shenfen_zheng",
        "身份证 身份号码 身份号 身份证件 公民身份 居民证 居住证 永居证 永久居留",
    ),
    against=THINGS,
    forms=(
        Form(
            number(17),
            code(
                r"(?<![0-9][ -])(?:[1-9][0-9]{5}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{3}[0-9Xx]"
                r"|[1-9][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9][0-9Xx]"
                r"|[1-9][0-9]{5}([ -])[0-9]{6}\2[0-9]{5}[0-9Xx]"
                r"|[1-9][0-9]{2}([ -])[0-9]{3}\3[0-9]{4}\3[0-9]{4}\3[0-9]{3}[0-9Xx])(?![ -][0-9])"
            ),
            CONFIRMED,
            alone=CONFIRMED,
            validator=chinese_numbers.resident_id,
            has_checksum=True,
            mistyped=True,
        ),
        Form(
            number(15),
            code(r"(?<![0-9][ -])[1-8][0-9]{14}(?![ -][0-9])"),
            LIKELY,
            validator=chinese_numbers.old_resident_id,
        ),
    ),
    hits=(
        ("身份证号11010519491231002X请核对", "11010519491231002X"),
        ("440308199901101512", "440308199901101512"),
        ("号码１１０１０５１９４９１２３１００２Ｘ。", "１１０１０５１９４９１２３１００２Ｘ"),
        ("ID card 110105-19491231-002x, copied by hand", "110105-19491231-002x"),
        ("本人身份证1101 0519 4912 3100 2X已过期", "1101 0519 4912 3100 2X"),
        ("老身份证号码是110105491231002，换过新证", "110105491231002"),
    ),
    misses=(
        "110105194912310021",
        "11010519491331002X",
        "99010519491231002X",
        "111010519491231002X",
        "110105491231002",
        "订单号110105491231002",
        "身份证11010519****31002X",
        "12 110105 19491231 0021 34",
    ),
    mistyped=(
        ("身份证号码：110105194912310021", "110105194912310021"),
        ("ID number 11010519491331002X", "11010519491331002X"),
    ),
)

PASSPORT = Kind(
    name="cn_passport",
    title=message("Chinese passport number"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="CN",
    context=DOCUMENTS | words("passport chinese_passport passport_no passport_number huzhao", "护照 护照号 护照号码"),
    against=THINGS,
    forms=(
        # Ordinary (E, G), of Hong Kong (H, K, KJ), of Macao (MA, MB), diplomatic (D), service (S), public affairs (P).
        Form(
            CODE,
            code(
                r"(?i:[EGHK][ -]?[0-9]{8}|(?:E[A-HJ-NP-Z]|DE|SE|PE|MA|MB)[ -]?[0-9]{7}|KJ[ -]?[0-9]{7,8}|[DSP][0-9]{7})"
            ),
            LIKELY,
        ),
    ),
    hits=(
        ("护照号码E12345678已登记", "E12345678"),
        ("her passport EA1234567 expires in May", "EA1234567"),
        ("公务护照：SE0123456", "SE0123456"),
        ("護照/护照 Ｇ１２３４５６７８", "Ｇ１２３４５６７８"),
    ),
    misses=(
        "E12345678",
        "护照E1234567",
        "护照号EI1234567",
        "订单E12345678，护照另寄",
        "护照XE12345678",
        "型号E12345678",
    ),
)

TRAVEL_PERMIT = Kind(
    name="cn_travel_permit",
    title=message("Chinese travel permit of or to Hong Kong, Macao or Taiwan"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="CN",
    context=words(
        "travel_permit home_return_permit return_permit mainland_travel_permit",
        "通行证 回乡证 回乡卡 台胞证 港澳证",
    ),
    against=THINGS,
    forms=(
        Form(CODE, code(r"(?i:[HM][0-9]{8}(?:[0-9]{2})?|C[0-9A-HJ-NP-Z][0-9]{7}|[LTW][0-9]{8})"), LIKELY),
        Form(number(8), code(r"[0-9]{8}"), LIKELY, validator=chinese_numbers.taiwan_permit, reach=12),
    ),
    hits=(
        ("回乡证H01234567", "H01234567"),
        ("往来港澳通行证号码C12345678有效", "C12345678"),
        ("港澳通行证：CA1234567", "CA1234567"),
        ("台胞证号04567891到期", "04567891"),
    ),
    misses=(
        "H01234567",
        "C12345678",
        "04567891",
        "通行证20260130到期",
        "通行证CI1234567",
        "回乡证H0123456",
    ),
)

DIGITS_ALONE = code("[1-9][1-9][0-9]{15}[0-9A-Za-z]")
NO_RESIDENT = code("(?![0-9]{6}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9])[1-9][1-9][0-9]{15}[0-9A-Za-z]")
WITH_LETTERS = code("(?=[0-9]{0,17}[A-Za-z])[1-9ANYany][1-9A-Ga-g][0-9]{6}[0-9A-Za-z]{10}")

USCC = Kind(
    name="cn_uscc",
    title=message("Chinese unified social credit code"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="CN",
    context=words(
        "uscc uscic social_credit_code credit_code taxpayer_id taxpayer_number tax_id tax_number tax_no "
        "business_licence business_license",
        "信用代码 信用编码 税号 纳税人识别号 纳税识别号 识别号 营业执照 组织机构代码 机构代码 注册号",
    ),
    against=THINGS,
    forms=(
        Form(number(17), DIGITS_ALONE, CONFIRMED, CONFIRMED, chinese_numbers.uscc_of_region, has_checksum=True),
        Form(CODE, WITH_LETTERS, CONFIRMED, CONFIRMED, chinese_numbers.uscc_of_region, has_checksum=True),
        Form(number(17), DIGITS_ALONE, CONFIRMED, validator=chinese_numbers.uscc, has_checksum=True),
        # A code with a date in it is a mistyped resident number.
        Form(number(17), NO_RESIDENT, CONFIRMED, validator=chinese_numbers.uscc, has_checksum=True, mistyped=True),
        Form(CODE, WITH_LETTERS, CONFIRMED, validator=chinese_numbers.uscc, has_checksum=True, mistyped=True),
    ),
    hits=(
        ("统一社会信用代码：91110000600037341L", "91110000600037341L"),
        ("开票税号91110000600037341l抬头略", "91110000600037341l"),
        ("甲方９１１１００００６０００３７３４１Ｌ盖章", "９１１１００００６０００３７３４１Ｌ"),
    ),
    misses=(
        "91110000600037341M",
        "9111000060003734L",
        "A91110000600037341L",
        "91110000600037341LL",
        "99999999600037341L",
    ),
    mistyped=(
        ("统一社会信用代码 91110000600037341M", "91110000600037341M"),
        ("税号：91110000600037314L", "91110000600037314L"),
    ),
)

PLATES = Kind(
    name="cn_plate",
    title=message("Chinese vehicle plate"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="CN",
    context=words(
        "plate plates licence_plate license_plate plate_number plate_no number_plate vehicle car_number car_no chepai",
        "车牌 车号 牌照 号牌 车辆 牌号 车主 停车 违章 违停 轿车 货车 小车 私家车 网约车 出租车 挪车 肇事 尾号 司机",
    ),
    against=words("model", "型号 款式 芯片 处理器 显卡 货号"),
    forms=(
        Form(
            PLATE,
            re.compile(
                rf"[{PROVINCES}] ?[A-HJ-Z][ ·•・.\-]?"
                rf"(?:[0-9A-HJ-NP-Z]{{4}}(?:[学警港澳挂领]|[0-9A-HJ-NP-Z]{RIGHT})"
                rf"|[A-HJK][0-9A-HJ-NP-Z][0-9]{{4}}{RIGHT}|[0-9]{{5}}[A-HJK]{RIGHT})"
            ),
            CONFIRMED,
            alone=LIKELY,
            validator=chinese_numbers.plate,
        ),
        Form(
            PLATE,
            re.compile(
                rf"[{PROVINCES}] ?[A-HJ-Za-hj-z][ ·•・.\-]?"
                rf"(?:[0-9A-HJ-NP-Za-hj-np-z]{{5}}|[A-HJKa-hjk][0-9A-HJ-NP-Za-hj-np-z][0-9]{{4}}|[0-9]{{5}}[A-HJKa-hjk]){RIGHT}"
            ),
            LIKELY,
            validator=chinese_numbers.plate,
        ),
    ),
    hits=(
        ("车牌京A12345停在门口", "京A12345"),
        ("粤B·D12345刚刚开走", "粤B·D12345"),
        ("教练车沪C1234学", "沪C1234学"),
        ("粤Z1234港", "粤Z1234港"),
        ("浙Ａ８Ｑ８２１", "浙Ａ８Ｑ８２１"),
        ("车牌号苏e05ev8", "苏e05ev8"),
        ("川A12345D", "川A12345D"),
    ),
    misses=(
        "京A1234",
        "京A123456789",
        "新T12345",
        "新GALAXY",
        "云A10I86",
        "贵A4纸",
        "南A12345",
        "型号云A12345",
    ),
)

KINDS: tuple[Kind, ...] = (RESIDENT_ID, USCC, PASSPORT, TRAVEL_PERMIT, PLATES)
