"""What the names of columns say of them, in English, Chinese, German, French and Spanish."""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "AGE",
    "BORN",
    "CASES",
    "CODES",
    "GROUPS",
    "IDS",
    "LABELS",
    "MISSING_WORDS",
    "MODELS",
    "NO_TEXTS",
    "OTHER_LABELS",
    "POSITIVES",
    "PREDICTIONS",
    "SCORES",
    "SPLIT",
    "SPLITS",
    "TEXTS",
    "TIMES",
    "UNITS",
    "WEIGHTS",
    "YEARS",
    "label_rank",
    "names_a_label",
    "says",
    "words_of",
]

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+|(?<=[^\W\d_])(?=\d)")


def _known(words: str) -> frozenset[str]:
    return frozenset(words.split())


LABELS = (
    "gold gold_label gold_labels true truth y_true ground_truth true_label true_class actual label_true label_value "
    "label_gold human human_label 真实标签 真实 真值 wahr wahrheit vrai vérité verdadero verdad",
    "label labels 标签 标注 etikett étiquette etiqueta annotation klassenlabel",
    "target class y outcome klasse classe clase ziel cible objetivo "
    "类别 分类 类型 目标 结果 ergebnis résultat resultado",
    "category kategorie catégorie categoría sentiment stimmung sentimiento intent topic thema sujet income toxicity "
    "toxic spam fraud churn churned default defaulted approved survived diagnosis hired renewed converted clicked "
    "response polarity rating verdict status kündigung betrug désabonnement fraude abandono 情感 意图 "
    "违约 流失 欺诈 逾期 诊断",
)
"""Names of labels, the likeliest first."""

PREDICTIONS = _known(
    "pred preds y_pred ypred yhat y_hat prediction predictions predicted predicted_label predicted_class "
    "label_model label_pred label_predicted pred_label pred_class output model_output answer_model "
    "completion completions model_completion raw_output llm_output llm_answer model_answer "
    "clf_pred vorhersage prognose prédiction prédit predicción predicho pronóstico "
    "预测 预测值 预测标签 预测结果 模型输出"
)
PREDICTION_WORDS = _known(
    "pred preds predicted prediction predictions yhat ypred vorhersage prédiction predicción 预测"
)
SCORES = _known(
    "score scores proba probas prob probs probability probabilities confidence logit wahrscheinlichkeit "
    "konfidenz probabilité probabilidad puntuación 概率 置信度 得分 分数"
)
MODELS = _known("model modell modèle modelo clf classifier classifieur gpt bert llm system baseline 模型")
OTHER_LABELS = _known("annotator annotators rater raters coder worker vote votes 标注员")
GROUPS = _known(
    "sex gender race ethnicity ethnic age_group age_cat age_band age_range age_bucket age_class agegroup "
    "religion disability disabled nationality 性别 民族 种族 年龄段 年龄组 宗教 国籍 残疾 geschlecht ethnie "
    "altersgruppe behinderung nationalität staatsangehörigkeit sexe ethnicité tranche_age tranche_d_âge handicap "
    "nationalité sexo género raza etnia religión grupo_edad grupo_de_edad discapacidad nacionalidad"
)
AGE = _known("age alter âge edad 年龄")
BORN = _known("birth birthday birthdate dob born geburt geburtsdatum geburtstag naissance nacimiento 出生")
IDS = _known("id ids uuid guid key nr no number idx index rowid row_id kennung identifiant identificador")
CASES = _known("编号 序号 主键 行号")
UNITS = _known(
    "user customer client patient person speaker author account subject session document doc household "
    "student employee applicant member kunde kunden benutzer nutzer patienten sprecher autor utilisateur "
    "auteur usuario cliente paciente 用户 客户 患者 病人 作者 会员 学生 账户"
)
TIMES = _known(
    "timestamp time date datetime created created_at updated day zeit datum zeitpunkt temps heure fecha "
    "hora 时间 日期 时间戳"
)
YEARS = _known("year jahr année annee año 年 年份 年度")
WEIGHTS = _known("sample_weight sample_weights sampling_weight instance_weight fnlwgt weight_sample 样本权重")
TEXTS = _known(
    "text texts message messages review reviews comment comments sentence content body tweet post "
    "question query utterance phrase title headline document prompt input sms email_text remark feedback "
    "description summary complaint nachricht kommentar satz bewertung inhalt frage texte commentaire avis "
    "phrase_text texto comentario reseña mensaje opinión 文本 评论 内容 句子 消息 短信 标题 正文 留言 问题"
)
NO_TEXTS = _known("name names address street city ticket adresse straße rue nom nombre dirección 姓名 地址")
SPLIT = _known("split fold set partition subset usage 划分")
SPLITS = {
    "train": _known("train training trn tr 训练 训练集 entrenamiento entraînement"),
    "test": _known("test tst testing eval evaluation holdout 测试 测试集 prueba"),
    "dev": _known("dev valid validation val devel development 验证 验证集"),
    "reference": _known("reference ref baseline"),
    "live": _known("live prod production analysis current inference serving 生产 线上"),
}
"""Words in the names of files."""

CODES = _known("zip zipcode postcode postal plz code codes postleitzahl cp 邮编 邮政编码 代码")
POSITIVES = _known(
    "true yes y t positive pos spam malignant fraud fraudulent toxic offensive hate abusive hateful sick "
    "disease ja oui sí si vrai verdadero wahr positiv positif positivo 是 有 真 正面 阳性 垃圾 垃圾短信 违约 欺诈 恶意 "
    "betrug fraude phishing anomaly attack churn churned default defaulted >50k"
)
MISSING_WORDS = _known(
    "unknown ? ?? - -- --- . .. n/a na none missing nil #n/a #na <na> nan null not_available k.a. k.a "
    "unbekannt fehlt keine inconnu inconnue manquant desconocido desconocida s/d sin_dato 未知 不详 无 缺失 空 暂无 "
    "/"
)
"""Cells that mean a missing number, in lower case, with _ for a space."""


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name: "Zip_Code", "zipCode" and "zip code" have the same."""
    text = unicodedata.normalize("NFKC", name)
    return tuple(word.lower() for word in _BOUNDARY.split(text) if word)


def says(name: str, known: frozenset[str], *, whole: bool = False) -> bool:
    """Return whether a name, or with `whole` False also a word of it or a Chinese part, is among those known."""
    words = words_of(name)
    if "_".join(words) in known or "".join(words) in known:
        return True
    return not whole and (any(word in known for word in words) or _holds_chinese(name, known))


def label_rank(name: str) -> int:
    """Return how well a name fits a label: 0 is best, `2 * len(LABELS) + 2` where it does not; odd for a part of it."""
    ranks = []
    for tier, listed in enumerate(LABELS):
        known = _known(listed)
        if says(name, known, whole=True):
            ranks.append(2 * tier)
        elif says(name, known):
            # A word of a name says less than the whole: `target_person` is hardly the target.
            ranks.append(2 * tier + 3)
    words = words_of(name)
    if name.startswith("是否") or (len(words) > 1 and words[0] in ("is", "has", "ist", "est", "es")):
        ranks.append(2 * len(LABELS) - 2)
    return min(ranks, default=2 * len(LABELS) + 2)


def names_a_label(name: str) -> bool:
    """Return whether the whole name is one that labels have."""
    rank = label_rank(name)
    return rank < 2 * len(LABELS) and rank % 2 == 0


def _holds_chinese(name: str, known: frozenset[str]) -> bool:
    return any(
        word in name for word in known if len(word) > 1 and not word.isascii() and "\u4e00" <= word[0] <= "\u9fff"
    )
