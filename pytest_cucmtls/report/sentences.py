"""The answer for one direction as a sentence: the same words on the terminal and on the first screen of the report."""

from pytest_cucmtls.report.answers import Answer, Standing
from pytest_cucmtls.report.html.words import Words, words_of


def answer_sentence(answer: Answer, policy: str, language: str = "en") -> str:
    """``A->B: proven. …`` in one line. Raises: ConfigurationInvalid for an unknown language."""
    words = words_of(language)
    more = f" ({words['answer_more'].format(count=answer.more)})" if answer.more else ""
    standing = words["says"].format(direction=answer.direction, standing=words[f"standing_{answer.standing.value}"].lower())
    if answer.standing is Standing.REFUTED and answer.refuted:
        standing += words["because"].format(claims=", ".join(words[f"not_{name}"] for name in answer.refuted))
    return f"{standing}. {reason(words, answer, policy)}{more}"


def reason(words: Words, answer: Answer, policy: str) -> str:
    """Why: the diagnosis of the leading verdict (English, as the check says it), what was not seen, or what is proven."""
    if answer.lead is not None:
        return answer.lead.diagnosis
    if answer.standing is Standing.UNDECIDED:
        return words["answer_unseen"].format(claims=", ".join(words[f"claim_{name}"] for name in answer.unproven))
    return words[f"answer_{answer.standing.value}"].format(policy=policy, count=answer.warnings)
