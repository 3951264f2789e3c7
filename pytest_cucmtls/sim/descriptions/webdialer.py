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
        Operation("getProfileSoap", ("in0:Credential", "in1:string"), ("getProfileSoapReturn:GetConfigResponse",)),
        Operation("isClusterUserSoap", ("in0:string",), ("isClusterUserSoapReturn:boolean",)),
        Operation("getProfileDetailSoap", ("in0:Credential",), ("getProfileDetailSoapReturn:ConfigResponseDetail",)),
        Operation("getPrimaryLine", ("in0:Credential",), ("getPrimaryLineReturn:string",)),
    ),
    structures={
        "Credential": _CREDENTIAL,
        "UserProfile": ("user:string?", "deviceName:string?", "lineNumber:string?"),
        "CallResponse": _RESPONSE,
        "ArrayOfString": ("item:string*",),
        "WDDeviceInfo": ("deviceName:string?", "lines:ArrayOfString?"),
        "ArrayOfWDDeviceInfo": ("item:WDDeviceInfo*",),
        "GetConfigResponse": ("description:string?", "deviceInfoList:ArrayOfWDDeviceInfo?", "responseCode:int"),
        "WDDeviceInfoDetail": ("deviceName:string?", "lines:ArrayOfString?", "phoneDesc:string?", "phoneType:string?"),
        "ArrayOfWDDeviceInfoDetail": ("item:WDDeviceInfoDetail*",),
        "ConfigResponseDetail": (
            "description:string?",
            "deviceInfoListDetail:ArrayOfWDDeviceInfoDetail?",
            "responseCode:int",
        ),
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
        Operation("getProfileSoap", ("args0:Credential", "args1:string"), ("return:GetConfigResponse",)),
        Operation("isClusterUserSoap", ("args0:string",), ("return:boolean",)),
        Operation("getProfileDetailSoap", ("args0:Credential",), ("return:ConfigResponseDetail",)),
        Operation("getPrimaryLine", ("args0:Credential",), ("return:string",)),
    ),
    structures={
        "Credential": _CREDENTIAL,
        "UserProfile": ("user:string?", "deviceName:string?", "lineNumber:string?"),
        "CallResponse": _RESPONSE,
        "WDDeviceInfo": ("deviceName:string?", "lines:string*"),
        "GetConfigResponse": ("description:string?", "deviceInfoList:WDDeviceInfo*", "responseCode:int"),
        "WDDeviceInfoDetail": ("deviceName:string?", "lines:string*", "phoneDesc:string?", "phoneType:string?"),
        "ConfigResponseDetail": ("description:string?", "deviceInfoListDetail:WDDeviceInfoDetail*", "responseCode:int"),
    },
)
