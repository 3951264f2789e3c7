"""AXL answers in the shape genuine clusters send them, with values of our own."""

NAMESPACE = "http://www.cisco.com/AXL/API/12.5"
ENVELOPE = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)


def answer(operation: str, returned: str, *, version: str = "12.5") -> bytes:
    """A successful answer around the contents of ``return``."""
    namespace = f"http://www.cisco.com/AXL/API/{version}"
    return ENVELOPE.format(
        f'<ns:{operation}Response xmlns:ns="{namespace}"><return>{returned}</return></ns:{operation}Response>'
    ).encode()


def fault(code: str, message: str, request: str, *, fault_code: str = "soapenv:Server") -> bytes:
    """A fault with AXL's detail, as captured."""
    return ENVELOPE.format(
        f"<soapenv:Fault><faultcode>{fault_code}</faultcode><faultstring>{message}</faultstring><detail><axlError>"
        f"<axlcode>{code}</axlcode><axlmessage>{message}</axlmessage><request>{request}</request></axlError></detail></soapenv:Fault>"
    ).encode()


def absent(request: str) -> bytes:
    """The fault for an object that does not exist."""
    return fault("5007", "Item not valid: The specified null was not found", request)


SIP_TRUNK = """<sipTrunk ctiid="37" uuid="{5A2E0B2D-11C2-4F6B-A1B7-2E2A53DC2D10}">
<name>to-cluster-b</name><description/><product>SIP Trunk</product><model>SIP Trunk</model><class>Trunk</class>
<protocol>SIP</protocol><protocolSide>User</protocolSide><callingSearchSpaceName/>
<devicePoolName uuid="{1B1B9EB6-7803-11D3-BDF0-00108302EAD1}">Default</devicePoolName><commonDeviceConfigName/>
<networkLocation>Use System Default</networkLocation>
<locationName uuid="{29C5C1C4-8871-4D1E-8394-0B9181E8C54D}">Hub_None</locationName>
<loadInformation special="false"/><versionStamp>{1603101010-6C5E7D0A-0000-1111-2222-333344445555}</versionStamp>
<traceFlag>false</traceFlag><packetCaptureMode>None</packetCaptureMode><preemption>Disabled</preemption>
<securityProfileName uuid="{7D0A6C5E-0000-1111-2222-333344445555}">Secure SIP Trunk Profile TLS</securityProfileName>
<sipProfileName uuid="{FCBC7581-4D8D-48F3-917E-00B09FB39213}">Standard SIP Profile</sipProfileName>
<presenceGroupName uuid="{AD243D17-98B4-4118-8FEB-5FF2E1B781AC}">Standard Presence group</presenceGroupName>
<unknownPrefix>Default</unknownPrefix><destAddrIsSrv>false</destAddrIsSrv><tkSipCodec>711ulaw</tkSipCodec>
<sigDigits enable="false">99</sigDigits>
<externalPresentationInfo><presentationInfo><externalPresentationNumber/><externalPresentationName/></presentationInfo>
<isAnonymous>f</isAnonymous></externalPresentationInfo>
<srtpAllowed>true</srtpAllowed><srtpFallbackAllowed>f</srtpFallbackAllowed>
<dtmfSignalingMethod>No Preference</dtmfSignalingMethod><sipTrunkType>None(Default)</sipTrunkType>
<runOnEveryNode>false</runOnEveryNode>
<destinations><destination uuid="{11111111-2222-3333-4444-555555555555}"><addressIpv4>10.0.0.9</addressIpv4><addressIpv6/>
<port>5061</port><sortOrder>2</sortOrder></destination>
<destination uuid="{11111111-2222-3333-4444-666666666666}"><addressIpv4>cucm-b.beta.example</addressIpv4><addressIpv6/>
<port>5061</port><sortOrder>1</sortOrder></destination></destinations>
<trunkTrafficSecure>When using both sRTP and TLS</trunkTrafficSecure>
<confidentialAccess><confidentialAccessMode/><confidentialAccessLevel>-1</confidentialAccessLevel></confidentialAccess>
</sipTrunk>"""

SECURITY_PROFILE = """<sipTrunkSecurityProfile uuid="{7D0A6C5E-0000-1111-2222-333344445555}">
<name>Secure SIP Trunk Profile TLS</name><description>peer B</description><securityMode>Encrypted</securityMode>
<incomingTransport>TLS</incomingTransport><outgoingTransport>TLS</outgoingTransport>
<digestAuthentication>false</digestAuthentication><noncePolicyTime>600</noncePolicyTime>
<x509SubjectName>cucm-b.beta.example</x509SubjectName><incomingPort>5061</incomingPort>
<applLevelAuthentication>f</applLevelAuthentication><acceptPresenceSubscription>0</acceptPresenceSubscription>
<acceptOutOfDialogRefer>False</acceptOutOfDialogRefer><acceptUnsolicitedNotification>false</acceptUnsolicitedNotification>
<allowReplaceHeader>false</allowReplaceHeader><transmitSecurityStatus>t</transmitSecurityStatus>
<sipV150OutboundSdpOfferFiltering>Use Default Filter</sipV150OutboundSdpOfferFiltering>
<allowChargingHeader>false</allowChargingHeader></sipTrunkSecurityProfile>"""

ROUTE_PATTERN = """<routePattern uuid="{22222222-2222-3333-4444-555555555555}"><pattern>9898</pattern><description/>
<usage>Route</usage>
<routePartitionName xsi:nil="true" uuid=""
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>
<blockEnable>false</blockEnable><digitDiscardInstructionName/><prefixDigitsOut/>
<destination><gatewayName uuid="{5A2E0B2D-11C2-4F6B-A1B7-2E2A53DC2D10}">to-cluster-b</gatewayName></destination></routePattern>"""

ROUTE_LIST = """<routeList uuid="{33333333-2222-3333-4444-555555555555}"><name>RL-B</name>
<routeListEnabled>true</routeListEnabled>
<members><member uuid="{3}"><routeGroupName>RG-2</routeGroupName><selectionOrder>2</selectionOrder></member>
<member><routeGroupName>RG-1</routeGroupName><selectionOrder>1</selectionOrder></member></members></routeList>"""

ROUTE_GROUP = """<routeGroup><dialPlanWizardGenld/><distributionAlgorithm>Top Down</distributionAlgorithm>
<members><member><deviceSelectionOrder>10</deviceSelectionOrder><deviceName>T10</deviceName><port>0</port></member>
<member><deviceSelectionOrder>9</deviceSelectionOrder><deviceName>T9</deviceName><port>0</port></member></members>
<name>RG-1</name></routeGroup>"""

CSS = """<css><description/><clause>PT1:PT2</clause><members>
<member><routePartitionName>PT2</routePartitionName><index>2</index></member>
<member><routePartitionName>PT1</routePartitionName><index>1</index></member></members><name>CSS-phones</name></css>"""

LINE = """<line uuid="{44444444-2222-3333-4444-555555555555}"><pattern>1018</pattern><usage>Device</usage><routePartitionName/>
<callForwardAll><forwardToVoiceMail>f</forwardToVoiceMail><destination>5000</destination></callForwardAll>
<shareLineAppearanceCssName uuid="{4}">CSS-phones</shareLineAppearanceCssName></line>"""

PHONE = """<phone ctiid="5" uuid="{55555555-2222-3333-4444-555555555555}"><name>SEP001122334418</name>
<callingSearchSpaceName xsi:nil="true" uuid=""
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>
<devicePoolName>Default</devicePoolName><dndStatus/><lines>
<line uuid="{5}"><index>2</index><dirn><pattern>1019</pattern><routePartitionName>PT1</routePartitionName></dirn></line>
<line><index>1</index><dirn><pattern>1018</pattern><routePartitionName/></dirn></line></lines></phone>"""

PROCESS_NODES = """<processNode uuid="{00000000-1111-0000-0000-000000000000}"><nodeUsage>Subscriber</nodeUsage>
<name>EnterpriseWideData</name></processNode>
<processNode uuid="{6}"><name>cucm-a</name><description>pub</description><nodeUsage>Publisher</nodeUsage></processNode>"""
