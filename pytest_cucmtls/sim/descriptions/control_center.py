"""ControlCenterServices and its extended sibling as they describe themselves."""

from pytest_cucmtls.sim.descriptions.service import Operation, ServiceDescription
from pytest_cucmtls.sim.soap_server import AST_NAMESPACE

_BASE = "/controlcenterservice2/services"
_SHARED = {
    "ArrayOfServices": ("item:string*?",),
    "DependentServices": ("Service:string*",),
    "ServiceInformation": (
        "ServiceName:string?",
        "ServiceStatus:ServiceStatus?",
        "ReasonCode:integer?",
        "ReasonCodeString:string?",
        "StartTime:string?",
        "UpTime:integer?",
    ),
    "ArrayOfServiceInformation": ("item:ServiceInformation*",),
    "ServiceInformationResponse": (
        "ReturnCode:ReturnCode?",
        "ReasonCode:integer?",
        "ReasonString:string?",
        "ServiceInfoList:ArrayOfServiceInformation?",
    ),
    "ProductServiceSpecification": (
        "ServiceName:string?",
        "ServiceType:ServiceTypes?",
        "Deployable:boolean",
        "GroupName:string?",
        "ProductID:string?",
        "DependentServices:DependentServices?",
    ),
    "ArrayOfProductServiceSpecification": ("item:ProductServiceSpecification*",),
}
_ENUMERATIONS = {
    "ServiceTypes": "Service Servlet",
    "ServiceStatus": "Started Stopped Starting Stopping Unknown",
    "DeployType": "Deploy UnDeploy",
    "ControlType": "Start Stop Restart",
}

CONTROL_CENTER = ServiceDescription(
    name="ControlCenterServices",
    path=f"{_BASE}/ControlCenterServices",
    namespace=AST_NAMESPACE,
    port_type="ControlCenterServicesPort",
    binding="ControlCenterServicesBinding",
    port="ControlCenterServicesPort",
    operations=(
        Operation(
            "soapGetStaticServiceList",
            ("ServiceInformationResponse:string",),
            ("soapGetStaticServiceListReturn:StaticServiceList",),
        ),
        Operation("soapGetServiceStatus", ("ServiceStatus:string+",), ("soapGetServiceStatusReturn:ServiceInformationResponse",)),
        Operation(
            "soapDoServiceDeployment",
            ("DeploymentServiceRequest:DeploymentServiceRequest",),
            ("soapDoServiceDeploymentReturn:ServiceInformationResponse",),
        ),
        Operation(
            "soapDoControlServices",
            ("ControlServiceRequest:ControlServiceRequest",),
            ("soapDoControlServicesReturn:ServiceInformationResponse",),
        ),
        Operation(
            "getProductInformationList",
            ("ServiceInfo:string",),
            ("getProductInformationListReturn:GetProductInformationListResponse",),
        ),
    ),
    structures={
        **_SHARED,
        "ServiceSpecification": (
            "ServiceName:string?",
            "ServiceType:ServiceTypes?",
            "Deployable:boolean",
            "GroupName:string?",
            "DependentServices:DependentServices?",
        ),
        "ArrayOfServiceSpecification": ("item:ServiceSpecification*",),
        "StaticServiceList": ("Services:ArrayOfServiceSpecification?",),
        "DeploymentServiceRequest": ("NodeName:string?", "DeployType:DeployType?", "ServiceList:ArrayOfServices?"),
        "ControlServiceRequest": ("NodeName:string?", "ControlType:ControlType?", "ServiceList:ArrayOfServices?"),
        "InstalledProduct": (
            "ProductName:string?",
            "ProductVersion:string?",
            "ProductDescription:string?",
            "ProductID:string?",
            "ShortName:string?",
        ),
        "ArrayOfInstalledProduct": ("item:InstalledProduct*",),
        "GetProductInformationListResponse": (
            "ActiveServerVersion:string?",
            "PrimaryNode:string?",
            "SecondaryNode:string?",
            "Products:ArrayOfInstalledProduct?",
            "Services:ArrayOfProductServiceSpecification?",
        ),
    },
    enumerations=_ENUMERATIONS,
    texts=("ReturnCode",),
)

CONTROL_CENTER_EXTENDED = ServiceDescription(
    name="ControlCenterServicesEx",
    path=f"{_BASE}/ControlCenterServicesEx",
    namespace=AST_NAMESPACE,
    port_type="ControlCenterServicesExPort",
    binding="ControlCenterServicesExBinding",
    port="ControlCenterServicesExPort",
    operations=(
        Operation("getFileDirectoryList", ("DirectoryPath:string",), ("getFileDirectoryListReturn:FileDirectoryList",)),
        Operation(
            "getStaticServiceListExtended",
            ("ServiceInformationResponse:string",),
            ("getStaticServiceListExtendedReturn:StaticServiceListExtended",),
        ),
        Operation(
            "soapDoControlServicesEx",
            ("ControlServiceRequestEx:ControlServiceRequestEx",),
            ("soapDoControlServicesExReturn:ServiceInformationResponse",),
        ),
    ),
    structures={
        **_SHARED,
        "FileDirectoryList": ("item:string*",),
        "StaticServiceListExtended": (
            "PrimaryNode:string?",
            "SecondaryNode:string?",
            "Services:ArrayOfProductServiceSpecification?",
        ),
        "ControlServiceRequestEx": (
            "ProductId:string?",
            "DependencyType:DependencyType?",
            "ControlType:ControlType?",
            "ServiceList:ArrayOfServices?",
        ),
    },
    enumerations={**_ENUMERATIONS, "DependencyType": "Enforce None"},
    texts=("ReturnCode",),
)
