"""The journal: true after a crash, and enough to continue or to return."""

from pathlib import Path

from pytest_cucmtls.procedure.journal import Entry, Journal


def change(event: str, target: str, step: int = 8) -> Entry:
    return Entry(event, step, target=target, before="absent", after="present", undo={"action": "remove"})


def test_what_is_appended_is_read_back_in_order_with_its_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run" / "journal.jsonl")
    journal.append(change("change_begun", "profile"))
    journal.append(change("change_done", "profile"))
    found = list(journal.entries())
    assert [entry.event for entry in found] == ["change_begun", "change_done"]
    assert found[0].undo == {"action": "remove"}
    assert found[0].at.endswith("+00:00")


def test_an_empty_journal_knows_of_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    assert list(journal.entries()) == []
    assert not journal.finished(3)


def test_a_step_begun_again_is_not_finished(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(Entry("step_begun", 3))
    assert not journal.finished(3)
    journal.append(Entry("step_done", 3))
    assert journal.finished(3)
    journal.append(Entry("step_begun", 3))
    assert not journal.finished(3)


def test_a_change_begun_but_never_confirmed_still_has_to_be_looked_at(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(change("change_begun", "profile"))
    journal.append(change("change_begun", "trunk", 9))
    journal.append(Entry("undone", 9, target="trunk"))
    assert [entry.target for entry in journal.open_changes()] == ["profile"]


def test_a_line_cut_by_a_crash_costs_only_itself(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(change("change_begun", "profile"))
    journal.append(change("change_begun", "trunk", 9))
    whole = journal.path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first + 1, len(whole) - 1):
        journal.path.write_bytes(whole[:cut])
        assert [entry.target for entry in journal.entries()] == ["profile"]
        journal.append(change("change_done", "profile"))
        assert [entry.event for entry in journal.entries()] == ["change_begun", "change_done"]


def test_lines_of_another_shape_are_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.path.write_bytes(b'[]\n{"event": 1}\n\xff\xfe\n{"unknown": "key"}\n')
    journal.append(change("change_begun", "profile"))
    assert [entry.target for entry in journal.entries() if entry.event == "change_begun"] == ["profile"]
