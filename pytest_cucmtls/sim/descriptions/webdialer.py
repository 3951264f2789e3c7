"""Both generations of WebDialer as they describe themselves."""

from pytest_cucmtls.sim.descriptions.service import Operation, ServiceDescription

_CREDENTIAL = ("userID:string?", "password:string?")
_RESPONSE = ("responseCode:int", "responseDescription:string?")

RPC_WEBDIALER = ServiceDescription(
    name="WD70Service",
    path="/webdialer/services/WebdialerSoapService70",
    namespace="urn:WD70",
    port_type="WDSoapInterface",
    binding="WebdialerSoapServiceSoapBinding",
    port="WebdialerSoapService",
    operations=(
        Operation("makeCallSoap", ("in0:Credential", "in1:string", "in2:UserProfile"), ("makeCallSoapReturn:CallResponse",)),
        Operation("endCallSoap", ("in0:Credential", "in1:UserProfile"), ("endCallSoapReturn:CallResponse",)),
        Operation("getProfileDetailSoap", ("in0:Credential", "in1:string"), ("getProfileDetailSoapReturn:CallResponse",)),
    ),
    structures={
        "Credential": _CREDENTIAL,
        "UserProfile": ("user:string?", "deviceName:string?", "lineNumber:string?"),
        "CallResponse": _RESPONSE,
    },
    encoded=True,
)

LITERAL_WEBDIALER = ServiceDescription(
    name="webdialer",
    path="/webdialer/services/webdialer",
    namespace="http://webdialer.ccm.cisco.com",
    port_type="webdialerPortType",
    binding="webdialerSoap11Binding",
    port="webdialerHttpSoap11Endpoint",
    operations=(
        Operation("makeCallSoap", ("args0:Credential", "args1:string", "args2:UserProfile"), ("return:CallResponse",)),
        Operation("endCallSoap", ("args0:Credential", "args1:UserProfile"), ("return:CallResponse",)),
        Operation("getProfileDetailSoap", ("args0:Credential", "args1:string"), ("return:CallResponse",)),
    ),
    structures={
        "Credential": _CREDENTIAL,
        "UserProfile": ("user:string?", "deviceName:string?", "lineNumber:string?"),
        "CallResponse": _RESPONSE,
    },
)
