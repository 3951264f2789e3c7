"""Ladder diagrams: the right arrows in the right order, and pictures that need nothing else."""

from dataclasses import replace
from datetime import timedelta

from lxml import etree

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.handshakes import Alert, HandshakeMessage, HandshakeOutcome
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.ladder import (
    Arrow,
    call_arrows,
    call_ladder,
    handshake_arrows,
    handshake_ladder,
    ladder_svg,
    ladders_for,
)
from tests.evidence_builders import NOW, NULL_SHA, good_pair, handshake, trace


def test_consecutive_messages_of_one_sender_share_an_arrow() -> None:
    arrows = handshake_arrows(handshake("A", "B"))
    assert [arrow.rightward for arrow in arrows[:3]] == [True, True, False]
    assert arrows[0].label == "TCP SYN"
    assert arrows[1].label == "Client Hello"
    assert arrows[2].label.startswith("Server Hello, Certificate")


def test_an_alert_stands_where_it_came_in_time_and_stands_out() -> None:
    alert = Alert("server", "fatal", "unknown_ca", 7, NOW + timedelta(seconds=1, milliseconds=3))
    arrows = handshake_arrows(handshake("A", "B", alerts=(alert,), outcome=HandshakeOutcome.REFUSED))
    place = next(number for number, arrow in enumerate(arrows) if arrow.alarming)
    assert 0 < place < len(arrows) - 1
    assert (arrows[place].label, arrows[place].elapsed) == ("Alert fatal: unknown_ca", "+3.0 ms")


def test_a_connection_that_ends_as_it_should_alarms_nobody() -> None:
    alert = Alert("client", "warning", "close_notify", 99, NOW + timedelta(seconds=30))
    assert not any(arrow.alarming for arrow in handshake_arrows(handshake("A", "B", alerts=(alert,))))


def test_data_is_secured_only_under_a_suite_that_encrypts() -> None:
    messages = (HandshakeMessage("client", "application_data", 30, NOW + timedelta(seconds=3)),)
    good = handshake_arrows(handshake("A", "B", messages=messages))[-1]
    bare = handshake_arrows(handshake("A", "B", messages=messages, cipher_suite=NULL_SHA))[-1]
    unseen = handshake_arrows(handshake("A", "B", messages=messages, cipher_suite=None))[-1]
    assert (good.secured, good.alarming) == (True, False)
    assert (bare.secured, bare.alarming) == (False, True)
    assert unseen.label == "Application Data"


def test_a_handshake_without_messages_has_no_arrows() -> None:
    assert handshake_arrows(handshake("A", "B", messages=(), tcp_opened=False)) == []


def test_calls_show_method_number_and_offered_profile() -> None:
    messages = [sip for sip in trace("A").sip_messages if sip.port == 5061]
    labels = [arrow.label for arrow in call_arrows(messages)]
    assert labels[0] == "INVITE 9898"
    assert "200 OK  [RTP/SAVP]" in labels


def test_a_body_that_is_no_session_description_does_not_stop_the_picture() -> None:
    first = trace("A").sip_messages[0]
    odd = replace(first, message=replace(first.message, body=b"m=audio \r\nm=audio\xff\x00"))
    assert call_arrows([odd])[0].label == "INVITE 9898"


def test_pictures_are_well_formed_and_need_nothing_from_outside() -> None:
    hostile = "<script>&\"' ]]>"
    for picture in (
        ladder_svg(hostile, hostile, hostile, [Arrow(True, hostile, hostile, elapsed=hostile)]),
        handshake_ladder(handshake("A", "B"), "CUCMA", "CUCM10"),
        call_ladder("call-1", trace("A").sip_messages, "CUCMA", "CUCM10"),
    ):
        root = etree.fromstring(picture.encode())
        names = {etree.QName(element).localname for element in root.iter()}
        assert names <= {"svg", "title", "style", "rect", "text", "line", "path"}
        assert not [element for element in root.iter() if element.get("href") or element.get("src")]


def test_each_verdict_of_a_direction_gets_the_pictures_of_its_own_kind() -> None:
    evidence = good_pair()
    verdicts = judge(evidence, load_policy("cisco-hardening"))
    for verdict in verdicts:
        names = [name for name, _ in ladders_for(verdict, evidence)]
        if "->" not in verdict.subject or verdict.phase == "config":
            assert names == []
        else:
            assert all(name.startswith("handshake" if verdict.phase == "handshake" else "call") for name in names)
