"""Faults the matrix does not inject: which test does, or why nobody can."""

from pytest_cucmtls.rehearsal.catalogue import Elsewhere

ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere(
        "F-040",
        "call placed while the trunk is still resetting",
        why="not covered: a run places each call once; there is no bounded retry and no ERROR of its own",
    ),
    Elsewhere(
        "F-052",
        "PEM with byte-order mark, CRLF, Bag Attributes or no final newline",
        "test_platform_cli_writer.py::test_windows_line_ends_bag_attributes_and_a_byte_order_mark_do_not_hurt",
    ),
    Elsewhere(
        "F-081",
        "SSH host key changed",
        "test_platform_cli_misbehaving.py::test_a_changed_host_key_shows_old_and_new_fingerprint_and_gets_no_password",
    ),
    Elsewhere(
        "F-083",
        "second run started against the same clusters",
        "test_claim.py::test_a_second_run_is_refused_and_told_who_is_at_work",
    ),
    Elsewhere(
        "F-084",
        "AXL session lost in the middle of the ten steps",
        "test_procedure.py::test_a_run_killed_at_every_other_change_is_continued_to_the_same_end",
    ),
    Elsewhere(
        "F-085",
        "AXL answers 503 (throttled)",
        "test_sim_axl_http.py::test_throttled_writes_answer_503_and_reads_go_on",
    ),
    Elsewhere(
        "F-116",
        "CLI prompt, banner or pager differs from expected",
        "test_platform_cli_misbehaving.py::test_an_odd_prompt_is_reported_with_what_came",
    ),
    Elsewhere(
        "F-133",
        "run killed between step 8 and step 9",
        "test_procedure.py::test_a_run_killed_at_every_other_change_is_continued_to_the_same_end",
    ),
    Elsewhere(
        "N-28",
        "Certificate message split over several TLS records and TCP segments",
        "test_capture_hellos.py::test_handshake_messages_may_be_split_over_records",
    ),
)
