"""English and French of the report: complete, with the same places to fill, and every word in use."""

import re
from pathlib import Path
from string import Formatter

import pytest

import pytest_cucmtls.report.html as package
from pytest_cucmtls.checks.register import STEPS, all_checks
from pytest_cucmtls.evidence.comparison.compare_runs import ORDER
from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.report.answers import CLAIMS, Standing
from pytest_cucmtls.report.html.sections.listeners import TOPICS
from pytest_cucmtls.report.html.words import LANGUAGES, WORDS, claimed, remedy, words_of
from pytest_cucmtls.report.html.words_claims import CLAIMS_IN_FRENCH
from pytest_cucmtls.report.html.words_mesh import mesh_words

REMEDIES = [*(f"S{number}" for number in range(1, 11)), "V1", "V2", *(f"X{number}" for number in range(1, 9))]
FOLDER = Path(package.__file__).parent


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_word_exists_in_both_languages_with_the_same_places(key: str) -> None:
    english, french = WORDS[key]
    assert len(WORDS[key]) == len(LANGUAGES)
    assert french.strip()
    assert english.strip() or key == "verdict_language"
    assert places(english) == places(french) or not english


def test_every_word_a_template_asks_for_exists() -> None:
    asked = {name for file in FOLDER.rglob("*.html") for name in re.findall(r"\bt\[[\"'](\w+)[\"']\]", file.read_text("utf-8"))}
    assert asked
    assert asked <= {*WORDS, *mesh_words("en")}


@pytest.mark.parametrize(
    ("prefix", "values"),
    [
        ("outcome", [outcome.value for outcome in Outcome]),
        ("standing", [standing.value for standing in Standing]),
        ("headline", [standing.value for standing in Standing]),
        ("claim", CLAIMS),
        ("not", CLAIMS),
        ("step", STEPS),
        ("remedy", REMEDIES),
        ("mark", "VSTM"),
        ("mode", ["apply", "verify"]),
        ("handshake", ["complete", "refused", "incomplete"]),
        ("mutual", ["yes", "no", "unknown"]),
        ("topic", TOPICS),
        ("change", [change.value for change in ORDER]),
        ("probe", [answer.value.replace(" ", "_") for answer in Answer]),
    ],
)
def test_words_built_from_a_value_exist_for_every_value(prefix: str, values: list[str]) -> None:
    assert not [f"{prefix}_{value}" for value in values if f"{prefix}_{value}" not in WORDS]


def test_no_word_is_left_over() -> None:
    built = (
        "outcome_",
        "standing_",
        "headline_",
        "claim_",
        "not_",
        "step_",
        "remedy_",
        "mark_",
        "mode_",
        "handshake_",
        "mutual_",
    )
    built += ("role_", "nav_", "field_", "sender_", "answer_", "topic_", "probe_", "change_")
    text = sources()
    assert not [key for key in WORDS if not key.startswith(built) and f'"{key}"' not in text]


def sources() -> str:
    """All sources but the words themselves."""
    files = [file for file in FOLDER.rglob("*") if file.suffix in {".html", ".py"} and not file.name.startswith("words")]
    words = (FOLDER / "words.py").read_text("utf-8").partition("def words_of")[2]
    return "\n".join(file.read_text("utf-8").replace("'", '"') for file in files) + words


def test_french_claims_are_of_checks_that_exist() -> None:
    assert {*CLAIMS_IN_FRENCH} <= {made.id for made in all_checks()}


def test_a_check_nobody_translated_keeps_its_own_title() -> None:
    assert claimed(words_of("fr"), "unheard_of", "Its title.") == "Its title."
    assert claimed(words_of("en"), "clocks_agree", "Its title.") == "Its title."
    assert claimed(words_of("fr"), "clocks_agree", "Its title.") != "Its title."


def test_an_unknown_remedy_stands_for_itself() -> None:
    assert remedy(words_of("en"), "Z9") == "Z9"
