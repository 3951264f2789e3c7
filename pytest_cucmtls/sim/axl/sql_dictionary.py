"""Names of tables and columns of the database beside those the simulator fills: NULL, or without rows, instead of unknown.

Queries written for real clusters join many tables to ask about one thing; a table that is empty here must not refuse them.
Columns of `device` and `enduser` are those of a published ``select *``; of the other tables, those that published queries use.
"""

from collections.abc import Mapping

from pytest_cucmtls.sim.axl.sql import Table

_TEXT = """
device: pkid name description tkmodel tkdeviceprotocol tkprotocolside specialloadinformation fkdevicepool fkphonetemplate
  fkcallingsearchspace ctiid tkclass fkprocessnode fklocation tkproduct deviceleveltraceflag fkenduser fkmediaresourcelist
  userholdmohaudiosourceid networkholdmohaudiosourceid tkcountry tkuserlocale fkcallingsearchspace_aar fkaarneighborhood
  fksoftkeytemplate retryvideocallasaudio routelistenabled fkcallmanagergroup tkpreemption tkstatus_builtinbridge
  mtprequired tkpacketcapturemode packetcaptureduration authenticationstring tkcertificatestatus upgradefinishtime
  fkmlppdomain transmitutf8 tknetworklocation tkcertificateoperation fksecurityprofile fkdialrules
  fkcallingsearchspace_reroute fkcallingsearchspace_refer unattended_port tkdtmfsignaling requiredtmfreception publickey
  fksipprofile rfc2833disabled allowcticontrolflag datetimeinserted sshuserid fkcallingsearchspace_restrict
  fkmatrix_presence fkcommonphoneconfig tksipcodec_mtppreferredorigcodec srtpallowed isstandard resettoggle tkreset
  versionstamp fkcommondeviceconfig remotedevice tkstatus_devicemobilitymode dndtimeout tkdndoption tkringsetting_dnd
  isdualmode fkcallingsearchspace_cgpntransform fkenduser_mobility tkbarge tkstatus_usetrustedrelaypoint istrustedrelaypoint
  srtpfallbackallowed ispaienabled isrpidenabled tksipprivacy tksipassertedtype fkcallingsearchspace_cdpntransform
  usedevicepoolcdpntransformcss usedevicepoolcgpntransformcss unknownprefix isactive isprotected
  fkcallingsearchspace_callednational fkcallingsearchspace_calledintl fkcallingsearchspace_calledunknown
  fkcallingsearchspace_calledsubscriber fkgeolocation fkgeolocationfilter_lp sendgeolocation
  fkcallingsearchspace_cgpnnational fkcallingsearchspace_cgpnintl fkcallingsearchspace_cgpnunknown
  fkcallingsearchspace_cgpnsubscriber pstnaccess runonallnodes tkdevicetrustmode fkcallingsearchspace_rdntransform
  enablebfcp fkcallingsearchspace_cgpningressdn calreference tkcalmode lscvaliduntil lscissuername lscissuervaliduntil
  fkfeaturecontrolpolicy
enduser: pkid firstname middlename lastname userid manager department telephonenumber tkuserlocale mailid status mobile
  pager homephone title building site fkdirectorypluginconfig uniqueidentifier nickname deletedtimestamp fkmatrix_presence
  tkuserprofile fkcallingsearchspace_restrict allowcticontrolflag enablemobilevoice enablemobility remotedestinationlimit
  enableemcc fkucserviceprofile directoryuri islocaluser fkucuserprofile enablecalendarpresence enablecups primarynodeid
  keypadenteredalternateidentifier discoveryuseridentity displayname enableusertohostconferencenow userrank
applicationuser: pkid name isstandard fkmatrix_presence userrank acceptoodrefer acceptpresencesubscription
enduserdevicemap: pkid fkenduser fkdevice defaultprofile description tkuserassociation
applicationuserdevicemap: pkid fkapplicationuser fkdevice description tkuserassociation
endusernumplanmap: pkid fkenduser fknumplan tkdnusage
numplan: pkid dnorpattern description tkpatternusage fkroutepartition blockenable alertingname alertingnameascii iscallable
  isanonymous callingpartytransformationmask calledpartytransformationmask prefixdigitsout callingpartyprefixdigits
  fkdigitdiscardinstruction fkcallingsearchspace_translation fkcallingsearchspace_sharedlineappear fkroutefilter fkdialplan
  tkreleasecausevalue outsidedialtone fkvoicemessagingprofile cfnavoicemailenabled cfbvoicemailenabled
  fkcallingsearchspace_cfna fkcallingsearchspace_cfb fkcallingsearchspace_cfnaint fkcallingsearchspace_cfbint
  fkcallingsearchspace_cfur fkcallingsearchspace_cfurint fkcallingsearchspace_pff fkcallingsearchspace_pffint
  fkcallingsearchspace_devicefailure fkcallingsearchspace_mwi fkcallingsearchspace_reroute fkcallingsearchspace_revert
  fkcallingsearchspace_cfhr fkcallingsearchspace_cfhrint cfnadestination cfbdestination cfurdestination pkid patternurgency
  authorizationcoderequired clientcoderequired supportoverlapsending tkpatternprecedence versionstamp fkcallmanager
devicenumplanmap: pkid fkdevice fknumplan numplanindex label display displayascii labelascii e164mask tkringsetting ctiid
  maxnumcalls busytrigger callinfodisplaymask fkrecordingprofile fkcallingsearchspace_monitoring logmissedcalls speeddial
callforwarddynamic: pkid fknumplan cfadestination cfavoicemailenabled fkcallingsearchspace_cfa fkcallingsearchspace_scfa
devicepool: pkid name fkcallmanagergroup fkregion fkdatetimesetting fkmediaresourcelist fklocation fkphysicallocation
  fkcallingsearchspace_autoregistration fkcallingsearchspace_mobility fkcallingsearchspace_cdpntransform
  fkcallingsearchspace_aar fkcallingsearchspace_adjunct fkcallingsearchspace_cgpnnational fkcallingsearchspace_cgpnintl
  fkcallingsearchspace_cgpnunknown fkcallingsearchspace_cgpnsubscriber fkcallingsearchspace_calledintl
  fkcallingsearchspace_callednational fkcallingsearchspace_calledsubscriber fkcallingsearchspace_calledunknown
  fkcallingsearchspace_cntdpntransform fkcallingsearchspace_cgpntransform fksrst versionstamp
devicepoolroutegroupmap: pkid fkdevicepool fkroutegroup fkroutegroup_local
sipdevice: pkid fkdevice fkcallingsearchspace_cntdpntransform tkcallingpartyselection prefixdn sigdigits
  fkcallingsearchspace_cgpntransform
siptrunkdestination: pkid fksipdevice address addressipv6 port sortorder
routelist: pkid fkdevice fkroutegroup selectionorder fkdigitdiscardinstruction callingpartytransformationmask
  calledpartytransformationmask prefixdigitsout callingpartyprefixdigits fkcallingsearchspace
routegroup: pkid name dialplanwizardgenid tkdistributealgorithm
routegroupdevicemap: pkid fkroutegroup fkdevice deviceselectionorder port
routepartition: pkid name description fktimeschedule timezone usephonetimezone partitionusage
callingsearchspace: pkid name description clause dialplanwizardgenid tkpartitionusage
processnode: pkid name description mac systemnode tknodeusage isactive nodeid ipv6name fklbmhubgroup tkprocessnoderole
  tksystemnode
processnodeservice: pkid fkprocessnode tkservice servername tracelevel enable isactive filename numfiles numlines
  usealltracelevels
callmanager: pkid name description fkprocessnode ctiid fkcallmanagergroup
callmanagergroup: pkid name tftpdefault
callmanagergroupmember: pkid fkcallmanager fkcallmanagergroup priority
processconfig: pkid paramname paramvalue tkservice fkprocessnode
linegroup: pkid name rnareversiontimeout tkdistributealgorithm
linegroupnumplanmap: pkid fklinegroup fknumplan lineselectionorder selectionorder
huntpilotqueue: pkid fknumplan_pilot fkcallingsearchspace_maxwaittime fkcallingsearchspace_noagent
  fkcallingsearchspace_pilotqueuefull
pickupgroup: pkid name fknumplan_pickup
speeddial: pkid fkdevice speeddialindex speeddialnumber label
h323device: pkid fkdevice fkcallingsearchspace_cntdpntransform
gateway: pkid name description domainname tkmodel
mgcp: pkid domainname description
digitdiscardinstruction: pkid name description clause fkdialplan
dialplan: pkid name description
dialplantag: pkid tag fkdialplan
routefilter: pkid name clause fkdialplan
routefiltermember: pkid fkroutefilter fkdialplantag tkoperator digits precedence
region: pkid name
location: pkid name kbits videokbits
mediaresourcegroup: pkid name description
mediaresourcelist: pkid name
phonetemplate: pkid name tkmodel
softkeytemplate: pkid name description
recordingprofile: pkid name fkcallingsearchspace_callrecording
telecasterservice: pkid name description
ucserviceprofile: pkid name description
ucuserprofile: pkid name description
voicemessagingpilot: pkid directorynumber description fkcallingsearchspace
voicemessagingprofile: pkid name description fkvoicemessagingpilot
credentialpolicy: pkid displayname
registrationdynamic: pkid fkdevice lastknownipaddress lastknownucm lastseen lastactive lastknownconfigversion
dnddynamic: pkid fkdevice dndstatus
extensionmobilitydynamic: pkid fkdevice fkenduser fkdevice_currentloginprofile datetimestamp
devicehlogdynamic: pkid fkdevice hlog
remotedestinationdynamic: pkid enablesinglenumberreach
enduserlicense: pkid fkenduser
usageprofile: pkid name description fkcallingsearchspace_blocking
externalcallcontrolprofile: pkid name fkcallingsearchspace_diversionrerouting
vipre164transformation: pkid name description fkcallingsearchspace_outgoingcdpntranf fkcallingsearchspace_outgoingcgpntranf
incomingtransformationprofile: pkid name description fkcallingsearchspace_intl fkcallingsearchspace_national
  fkcallingsearchspace_subscriber fkcallingsearchspace_unknown
site: pkid tksite fkdevicepool fkcallingsearchspace
certificate: pkid servername subjectname issuername serialnumber certificate ipv4address ipv6address timetolive
  tkcertificatedistribution tktrustrole
certificatehashmap: pkid fkcertificate hash
certificatetrustrolemap: pkid fkcertificate tktrustrole
typereleasecausevalue: enum name moniker
typeoperator: enum name moniker
typesite: enum name moniker
typecountry: enum name moniker
typeuserlocale: enum name moniker nativename
typedistributealgorithm: enum name moniker
typedeviceprofile: enum name moniker
typephonepersonalization: enum name moniker
"""


def _read(text: str) -> dict[str, tuple[str, ...]]:
    """``table: columns``, continued on indented lines."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in text.replace("\n  ", " ").strip().splitlines():
        name, _, columns = entry.partition(":")
        found[name] = tuple(dict.fromkeys(columns.split()))
    return found


DICTIONARY = _read(_TEXT)
_FIRST_TABLE = 100
"""Numbers below belong to the catalogue's own tables."""
_INTEGER, _TEXT_TYPE = 2, 13


def completed(name: str, table: Table | None) -> Table:
    """A table with the columns the dictionary knows of it; those that are not simulated are NULL."""
    known = DICTIONARY.get(name, ())
    if table is None:
        return Table(known, [])
    more = tuple(column for column in known if column not in table.columns)
    return Table(table.columns + more, [row + (None,) * len(more) for row in table.rows]) if more else table


def catalogue(columns: Mapping[str, tuple[str, ...]]) -> dict[str, Table]:
    """systables and syscolumns over the tables of the database."""
    numbered = list(enumerate(sorted(columns), _FIRST_TABLE))
    described = [
        (column, number, place, _INTEGER if column.startswith(("tk", "enum")) else _TEXT_TYPE, 255)
        for number, name in numbered
        for place, column in enumerate(columns[name], 1)
    ]
    return {
        "systables": Table(
            ("tabname", "owner", "tabid", "tabtype", "ncols"),
            [(name, "informix", number, "T", len(columns[name])) for number, name in numbered],
        ),
        "syscolumns": Table(("colname", "tabid", "colno", "coltype", "collength"), described),
    }
