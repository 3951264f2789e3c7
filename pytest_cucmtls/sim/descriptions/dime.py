"""DimeGetFileService as it describes itself: an older, rpc/encoded service; the file comes as an attachment."""

from pytest_cucmtls.sim.descriptions.service import Operation, ServiceDescription

DIME = ServiceDescription(
    name="DimeGetFileService",
    path="/logcollectionservice/services/DimeGetFileService",
    namespace="http://cisco.com/ccm/serviceability/soap/LogCollection/GetFile/",
    port_type="GetFilePortType",
    binding="GetFileBinding",
    port="DimeGetFileService",
    operations=(Operation("GetOneFile", ("FileName:string",), ()),),
    encoded=True,
)
