"""executeSQLQuery over the simulated tables: right rows, lower-case columns, reading only, bounded."""

import contextlib
from collections.abc import Iterator
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.sim.axl import sql as sql_module
from pytest_cucmtls.sim.axl.faults import AxlFault
from pytest_cucmtls.sim.axl.sql import Table, run_query
from pytest_cucmtls.wire.x509 import parse_certificate
from tests.axl_cluster import AxlCluster, serving, serving_a_trunk

TABLES = {"t": Table(("name", "port"), [("a", 1), ("b", 2), ("c", None)])}


@pytest.fixture(scope="module")
def cluster() -> Iterator[AxlCluster]:
    with serving_a_trunk("12.5") as one:
        yield one


def query(cluster: AxlCluster, sql: str) -> list[dict[str, str | None]]:
    result = cluster.result("executeSQLQuery", f"<sql>{escape(sql)}</sql>")
    return [{cell.tag: cell.text for cell in row} for row in result]


def test_a_trunk_is_joined_with_its_profile_and_destination(cluster: AxlCluster) -> None:
    rows = query(
        cluster,
        "SELECT d.name, sp.x509subjectname, m.name AS mode, t.name AS transport, std.address, std.port, cls.name AS legs "
        "FROM device d JOIN typeclass c ON c.enum = d.tkclass JOIN sipdevice sd ON sd.fkdevice = d.pkid "
        "JOIN siptrunkdestination std ON std.fksipdevice = sd.pkid JOIN securityprofile sp ON sp.pkid = d.fksecurityprofile "
        "JOIN typedevicesecuritymode m ON m.enum = sp.tkdevicesecuritymode JOIN typetransport t ON t.enum = sp.tktransport "
        "JOIN typesiptrunkcalllegsecurity cls ON cls.enum = sd.tksiptrunkcalllegsecurity WHERE c.name = 'Trunk'",
    )
    assert rows == [
        {
            "name": "to-cluster-b",
            "x509subjectname": "cucm-b.beta.example",
            "mode": "Encrypted",
            "transport": "TLS",
            "address": "10.0.0.1",
            "port": "5061",
            "legs": "When using both sRTP and TLS",
        }
    ]


def test_queries_written_for_real_clusters_find_their_tables_and_columns(cluster: AxlCluster) -> None:
    assert query(
        cluster,
        "select first 500 d.name as trunk, std.address, std.port from device as d join sipdevice as sd on "
        "sd.fkdevice=d.pkid "
        "join siptrunkdestination as std on std.fksipdevice=sd.pkid where d.tkmodel=131 and d.tkdeviceprotocol=11",
    ) == [{"trunk": "to-cluster-b", "address": "10.0.0.1", "port": "5061"}]
    assert query(
        cluster,
        "select n.dnorpattern, rp.name as partition, d.name as destination, rg.name as routegroup from numplan as n "
        "left join routepartition as rp on rp.pkid=n.fkroutepartition join devicenumplanmap as m on m.fknumplan=n.pkid "
        "join device as d on m.fkdevice=d.pkid left join routelist as rl on rl.fkdevice=d.pkid "
        "left join routegroup as rg on rg.pkid=rl.fkroutegroup where n.tkpatternusage=5",
    ) == [{"dnorpattern": "9898", "partition": None, "destination": "to-cluster-b", "routegroup": None}]
    report = query(
        cluster,
        "select d.name, d.mtprequired, trp.name as trustedrelay, d.srtpallowed, sp.name as sipprofile, "
        "sp.enableoutboundoptionsping, "
        "rel.name as rel1xx, eo.name as earlyoffer, dtmf.name as dtmf, d.runonallnodes, qv.name as qsig, "
        "script.name as script "
        "from sipdevice sd join device d on d.pkid = sd.fkdevice join typedtmfsignaling dtmf on dtmf.enum = "
        "d.tkdtmfsignaling "
        "join typestatus trp on trp.enum = d.tkstatus_usetrustedrelaypoint join typeqsigvariant qv on "
        "qv.enum = sd.tkqsigvariant "
        "join sipprofile sp on sp.pkid = d.fksipprofile join typeeosuppvoicecall eo on eo.enum = sp.tkeosuppvoicecall "
        "join typesiprel1xxoptions rel on rel.enum = sp.tksiprel1xxoptions "
        "left join sipnormalizationscript script on sp.fksipnormalizationscript = script.pkid",
    )
    assert report[0] == {
        "name": "to-cluster-b",
        "mtprequired": "f",
        "trustedrelay": "Default",
        "srtpallowed": "t",
        "sipprofile": "Standard SIP Profile",
        "enableoutboundoptionsping": "f",
        "rel1xx": "Disabled",
        "earlyoffer": "Disabled (Default value)",
        "dtmf": "No Preference",
        "runonallnodes": "f",
        "qsig": "No Changes",
        "script": None,
    }


def test_certificates_of_every_service_are_readable_on_any_release() -> None:
    with serving("9.1") as old:
        store = old.node.certificates
        own = store.own("CallManager")
        assert own is not None
        store.import_trust("CallManager-trust", own.der)
        rows = query(
            old,
            "select c.subjectname, c.serialnumber, c.certificate, t.name as service from certificate c "
            "join certificateservicecertificatemap m on m.fkcertificate = c.pkid "
            "join typecertificateservice t on t.enum = m.tkcertificateservice order by t.name",
        )
        assert [row["service"] for row in rows] == ["CallManager", "CallManager-trust", "tomcat"]
        parsed = parse_certificate((rows[0]["certificate"] or "").encode())
        assert parsed.der == own.der
        assert rows[0]["serialnumber"] == f"{parsed.serial_number:x}"
        trusts = query(old, "select name from typecertificateservice where enum in (4, 6) order by enum")
        assert [row["name"] for row in trusts] == ["CallManager-trust", "tomcat-trust"]
        assert len(query(old, f"select pkid from certificate where serialnumber = '{parsed.serial_number:x}'")) == 1


def test_a_pkid_is_the_uuid_in_lower_case_without_braces(cluster: AxlCluster) -> None:
    uuid = str(cluster.state.database.rows("sipTrunk")[0]["uuid"])
    assert query(cluster, "select pkid from device where name = 'to-cluster-b'") == [{"pkid": uuid.strip("{}").lower()}]


def test_null_is_an_empty_element_and_no_rows_an_empty_return(cluster: AxlCluster) -> None:
    assert query(cluster, "select fkcallingsearchspace from device where name = 'to-cluster-b'") == [
        {"fkcallingsearchspace": None}
    ]
    assert "<return/>" in cluster.call("executeSQLQuery", "<sql>select * from device where 1 = 0</sql>").text


def test_a_query_sees_the_state_of_its_moment(cluster: AxlCluster) -> None:
    before = query(cluster, "select description from device where name = 'to-cluster-b'")
    cluster.result("updateSipTrunk", "<name>to-cluster-b</name><description>seen by sql</description>")
    assert before != query(cluster, "select description from device where name = 'to-cluster-b'")


def test_lines_and_patterns_are_in_the_number_plan(cluster: AxlCluster) -> None:
    assert query(cluster, "select dnorpattern from numplan where tkpatternusage = 5") == [{"dnorpattern": "9898"}]
    assert query(cluster, "select dnorpattern from numplan where tkpatternusage = 2") == [{"dnorpattern": "1018"}]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select first 2 name from t", ["a", "b"]),
        ("SELECT SKIP 1 FIRST 1 name FROM t", ["b"]),
        ("select skip 2 name from t", ["c"]),
        ("select name from t order by name desc;", ["c", "b", "a"]),
        ("select first 1 name from t order by port desc", ["b"]),
        ("select name from t where nvl(port, 0) < 2 order by name desc", ["c", "a"]),
        ("with x as (select name from t) select * from x", ["a", "b", "c"]),
    ],
)
def test_informix_s_first_and_skip_are_understood(sql: str, names: list[str]) -> None:
    assert [dict(row)["name"] for row in run_query(sql, TABLES)] == names


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        ("select count(*) from t", "count"),
        ("select NAME from t", "name"),
        ("select t.name as Peer from t", "peer"),
        ("select 1 from t", "expression"),
    ],
)
def test_columns_are_named_in_lower_case(sql: str, column: str) -> None:
    assert next(iter(run_query(sql, TABLES)))[0][0] == column


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", -201),
        ("selct name from t", -201),
        ("select name frm t", -201),
        ("select ' from t", -201),
        ("select 1; select 2", -201),
        ("select name from absent", -206),
        ("select absent from t", -217),
        ("insert into t values ('x', 1)", -201),
        ("update t set name = 'x'", -201),
        ("delete from t", -201),
        ("drop table t", -201),
        ("pragma table_info(t)", -201),
        ("attach database '/tmp/x' as x", -201),
        ("with x as (select 1) delete from t", -201),
        ("select load_extension('x')", -201),
        ("select randomblob(1000000000)", -201),
        ("select name from pragma_table_info('t')", -201),
        ("with recursive r(n) as (select 1 union all select n + 1 from r) select sum(n) from r", -1),
        ("with recursive r(n) as (select 1 union all select n + 1 from r) select n from r", -1),
        ("select replace(hex(zeroblob(10000)), '0', 'x') from t", -201),
    ],
)
def test_everything_but_a_bounded_select_is_refused(sql: str, code: int) -> None:
    with pytest.raises(AxlFault) as refused:
        run_query(sql, TABLES)
    assert refused.value.code == code


def test_a_syntax_error_has_the_reported_words(cluster: AxlCluster) -> None:
    assert cluster.fault("executeSQLQuery", "<sql>select from where</sql>") == (
        "soapenv:Client",
        -201,
        "A syntax error has occurred.",
    )
    assert cluster.fault("executeSQLQuery")[1] == -201


def test_an_answer_above_the_limit_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_module, "LARGEST_ANSWER_BYTES", 40)
    with pytest.raises(AxlFault, match=r"Query request too large\. Total rows matched: \d+ rows\. Suggestive Row Fetch"):
        run_query("select name, port from t", TABLES)
    assert len(run_query("select port from t where port = 1", TABLES)) == 1


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select name from t where port = '1'", ["a"]),
        ("select name from t where name like 'A%'", []),
        ("select name from t where name matches '[ab]*' order by name", ["a", "b"]),
        ('select unique name from t where name = "a"', ["a"]),
        ("select name from t where port::integer = 1", ["a"]),
        ("select concat(name, 'x::y') from t where decode(port, 1, 'yes', 'no') = 'yes'", ["ax::y"]),
        ("select first 1 name -- the peer's\nfrom t order by name", ["a"]),
        ("select dbinfo('utc_to_datetime', 1562843201) from t where name = 'a'", ["2019-07-11 11:06:41"]),
        ("select rpad(lpad(name, 3, '0'), 5, '-') from t where char_length(name) = 1 and name = 'a'", ["00a--"]),
        ("select dbinfo('utc_to_datetime', 'x') from t where name = 'a'", [None]),
        ("select lpad(name, 999999, '0') from t where name = 'a'", [None]),
        ("select limit 1 to_char(port) from t where port = 1", ["1"]),
    ],
)
def test_informix_s_dialect_is_understood(sql: str, found: list[str | None]) -> None:
    assert [row[0][1] for row in run_query(sql, TABLES)] == found


def test_two_columns_of_one_name_stay_two_columns_of_that_name() -> None:
    assert [name for name, _ in run_query("select first 1 x.name, y.name from t x, t y", TABLES)[0]] == ["name", "name"]


def test_the_catalogue_names_every_table_and_its_columns(cluster: AxlCluster) -> None:
    tables = cluster.result("executeSQLQuery", "<sql>SELECT tabname FROM systables WHERE tabid &gt; 99 ORDER BY tabname</sql>")
    names = [one.text for one in tables.iter("tabname")]
    assert {"device", "numplan", "routefilter", "certificate", "typemodel"} <= set(names)
    for name in names:
        cluster.result("executeSQLQuery", f"<sql>select first 1 * from {name}</sql>")
    columns = cluster.result(
        "executeSQLQuery",
        "<sql>SELECT c.colname FROM syscolumns c, systables t WHERE t.tabname = 'device' AND c.tabid = t.tabid</sql>",
    )
    assert {"tkmodel", "fksecurityprofile", "srtpallowed", "fkphonetemplate"} <= {one.text for one in columns.iter("colname")}


def test_a_table_that_is_not_simulated_does_not_refuse_the_query(cluster: AxlCluster) -> None:
    sql = (
        "select np.dnorpattern, tpu.name as usage, ddi.name as discard from numplan np "
        "left outer join typepatternusage tpu on np.tkpatternusage = tpu.enum "
        "left outer join digitdiscardinstruction ddi on np.fkdigitdiscardinstruction = ddi.pkid where np.tkpatternusage = '2'"
    )
    row = cluster.result("executeSQLQuery", f"<sql>{sql}</sql>").find("row")
    assert row is not None
    assert (row.findtext("usage"), row.findtext("discard")) == ("Device", "")


def test_the_end_user_s_phone_is_found_by_joining(cluster: AxlCluster) -> None:
    phones = [row["name"] for row in cluster.state.database.rows("phone")]
    sql = (
        "select tm.name as model, d.name from device d, typemodel tm, typeproduct tp "
        "where d.tkmodel = tm.enum and d.tkproduct = tp.enum and d.tkclass = 1"
    )
    found = cluster.result("executeSQLQuery", f"<sql>{sql}</sql>")
    assert [row.findtext("name") for row in found] == phones
    assert {row.findtext("model") for row in found} == {"Cisco 8845"}


def test_the_trace_level_is_set_and_read_back(cluster: AxlCluster) -> None:
    where = "where tkservice in (select enum from typeservice where name like '%Cisco CallManager%')"
    set_level = f"<sql>UPDATE processnodeservice SET tracelevel = 15, enable = 't' {where}</sql>"
    assert cluster.result("executeSQLUpdate", set_level).findtext("rowsUpdated") == "1"
    query = (
        "SELECT ts.name, pns.tracelevel, pns.enable, pns.servername FROM processnodeservice pns INNER JOIN typeservice ts "
        "ON pns.tkservice = ts.enum WHERE ts.name LIKE '%Cisco CallManager%' AND pns.isactive = 't'"
    )
    row = cluster.result("executeSQLQuery", f"<sql>{query}</sql>").find("row")
    assert row is not None
    assert [one.text for one in row] == ["Cisco CallManager", "15", "t", "cucm-a.alpha.example"]
    nobody = "<sql>update processnodeservice set tracelevel = 1 where tkservice = 999</sql>"
    assert cluster.result("executeSQLUpdate", nobody).findtext("rowsUpdated") == "0"
    assert cluster.fault("executeSQLUpdate", "<sql>update processnodeservice set tracelevel = 1 where selct</sql>")[1] in (
        -201,
        -217,
    )


def test_sql_updates_are_refused_and_recorded(cluster: AxlCluster) -> None:
    assert cluster.fault("executeSQLUpdate", "<sql>delete from device</sql>")[1] == -1
    assert cluster.state.writes[-1].operation == "executeSQLUpdate"


PIECES = [
    "select",
    "name",
    "from",
    "t",
    "where",
    "port",
    "=",
    "1",
    "(",
    ")",
    "*",
    ",",
    "'",
    '"',
    "first",
    "skip",
    "union",
    "--",
    ";",
]
WORDS = st.lists(st.sampled_from([*PIECES, "\x00", "\ud800"]), max_size=12)


@settings(max_examples=100, deadline=None)
@given(WORDS)
def test_no_query_crashes_the_service(words: list[str]) -> None:
    with contextlib.suppress(AxlFault):
        run_query(" ".join(["select", *words]), TABLES)
