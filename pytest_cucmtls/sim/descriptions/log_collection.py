"""LogCollectionPortTypeService as it describes itself."""

from pytest_cucmtls.sim.descriptions.service import Operation, ServiceDescription
from pytest_cucmtls.sim.soap_server import AST_NAMESPACE

LOG_COLLECTION = ServiceDescription(
    name="LogCollectionPortTypeService",
    path="/logcollectionservice2/services/LogCollectionPortTypeService",
    namespace=AST_NAMESPACE,
    port_type="LogCollectionPortTypeServicePortType",
    binding="LogCollectionPortSoapBinding",
    port="LogCollectionPort",
    operations=(
        Operation("GetOneFile", ("FileName:string",), ("GetOneFileReturn:base64Binary",), bare=True),
        Operation("listNodeServiceLogs", ("ListRequest:ListRequest",), ("listNodeServiceLogsReturn:NodeServiceLogList+",)),
        Operation(
            "selectLogFiles",
            ("FileSelectionCriteria:SchemaFileSelectionCriteria",),
            ("ResultSet:ResultSet",),
        ),
    ),
    structures={
        "ArrayOfServiceLog": ("item:string*",),
        "ArrayOfSystemLog": ("item:string*",),
        "NodeServiceLogList": ("name:string?", "ServiceLog:ArrayOfServiceLog?", "SystemLog:ArrayOfSystemLog?"),
        "SchemaFileSelectionCriteria": (
            "ServiceLogs:ArrayOfServiceLog?",
            "SystemLogs:ArrayOfSystemLog?",
            "SearchStr:string?",
            "Frequency:Frequency?",
            "JobType:JobType?",
            "ToDate:string?",
            "FromDate:string?",
            "TimeZone:string?",
            "RelText:RelText?",
            "RelTime:byte",
            "Port:byte",
            "IPAddress:string?",
            "UserName:string?",
            "Password:string?",
            "ZipInfo:boolean",
            "RemoteFolder:string?",
        ),
        "ResultSet": ("SchemaFileSelectionResult:SchemaFileSelectionResult",),
        "SchemaFileSelectionResult": ("Node:Node?",),
        "Node": ("name:string?", "ServiceList:ArrayOfServiceLogs?"),
        "ArrayOfServiceLogs": ("ServiceLogs:ServiceLogs*?",),
        "ServiceLogs": ("name:string?", "SetOfFiles:ArrayOfFile?"),
        "ArrayOfFile": ("File:File*?",),
        "File": ("name:string?", "absolutepath:string?", "filesize:string?", "modifiedDate:string?"),
    },
    enumerations={
        "Frequency": "OnDemand Weekly Monthly Daily",
        "JobType": "DownloadtoClient PushtoSFTPServer",
        "RelText": "None Minutes Hours Weeks Months Days",
    },
    texts=("ListRequest",),
)
