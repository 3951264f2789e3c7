"""Every AXL request and answer of a whole acceptance run validates against Cisco's own schema (carried by ciscoaxl)."""

import json
from pathlib import Path

import pytest
from lxml import etree

from tests.acceptance_runs import accept
from tests.test_sim_axl_cisco_schema import cisco_schema

WRITTEN = {"addSipTrunkSecurityProfile", "addSipTrunk", "addRoutePattern"}
"""What a run that starts from nothing adds on both clusters."""


def exchanged(run_folder: Path) -> list[etree._Element]:
    """Body elements of all AXL requests and answers a run kept, faults left out."""
    found = []
    for line in (run_folder / "raw" / "index.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if (entry["kind"], entry["interface"]) != ("soap_exchange", "axl"):
            continue
        request, answer = (run_folder / entry["path"]).read_bytes().split(b"\n<!-- answer -->\n")
        for text in (request.partition(b"-->\n")[2], answer):
            body = etree.fromstring(text).find("{*}Body")
            assert body is not None
            found.append(body[0])
    return [element for element in found if etree.QName(element).localname != "Fault"]


def test_every_request_and_answer_of_a_run_is_valid(tmp_path: Path) -> None:
    """On the document's own releases, 9.1 and 10.5; the departures real servers are known for are switched off."""
    schemas = {version: etree.XMLSchema(etree.parse(cisco_schema(version))) for version in ("9.1", "10.5")}
    strict = [word for cluster in "AB" for word in ("--cucm-fault", f"axl_answers_follow_schema@{cluster}")]
    run = accept(tmp_path, "--cucm-pair", "source-document", "--cucm-policy", "legacy-2015", *strict)
    assert run.exit_code == 0, run.output
    names = {version: set[str]() for version in schemas}
    for element in exchanged(run.folder):
        name = etree.QName(element)
        version = (name.namespace or "").rpartition("/")[2]
        schemas[version].assertValid(element)
        names[version].add(name.localname)
    for seen in names.values():
        assert seen >= WRITTEN | {f"{name}Response" for name in WRITTEN}


def test_an_element_cisco_does_not_know_is_noticed() -> None:
    schema = etree.XMLSchema(etree.parse(cisco_schema("10.5")))
    wrong = etree.fromstring('<a:getSipTrunk xmlns:a="http://www.cisco.com/AXL/API/10.5"><nome>x</nome></a:getSipTrunk>')
    with pytest.raises(etree.DocumentInvalid):
        schema.assertValid(wrong)
