"""PerfmonService as it describes itself."""

from pytest_cucmtls.sim.descriptions.service import Operation, ServiceDescription
from pytest_cucmtls.sim.soap_server import AST_NAMESPACE

_SESSION = "SessionHandle:SessionHandleType"
_CHANGED_COUNTERS = (_SESSION, "ArrayOfCounter:RequestArrayOfCounterType")
_PLACE = ("Host:string", "Object:ObjectNameType")

PERFMON = ServiceDescription(
    name="PerfmonService",
    path="/perfmonservice2/services/PerfmonService",
    namespace=AST_NAMESPACE,
    port_type="PerfmonPortType",
    binding="PerfmonBinding",
    port="PerfmonPort",
    operations=(
        Operation("perfmonOpenSession", (), ("perfmonOpenSessionReturn:SessionHandleType",)),
        Operation("perfmonAddCounter", _CHANGED_COUNTERS, ()),
        Operation("perfmonRemoveCounter", _CHANGED_COUNTERS, ()),
        Operation("perfmonCollectSessionData", (_SESSION,), ("perfmonCollectSessionDataReturn:CounterInfoType*",)),
        Operation("perfmonCloseSession", (_SESSION,), ()),
        Operation("perfmonListInstance", _PLACE, ("perfmonListInstanceReturn:InstanceType*",)),
        Operation(
            "perfmonQueryCounterDescription", ("Counter:CounterNameType",), ("perfmonQueryCounterDescriptionReturn:string?",)
        ),
        Operation("perfmonListCounter", ("Host:string",), ("perfmonListCounterReturn:ObjectInfoType+",)),
        Operation("perfmonCollectCounterData", _PLACE, ("perfmonCollectCounterDataReturn:CounterInfoType*",)),
    ),
    structures={
        "CounterType": ("Name:CounterNameType?",),
        "RequestArrayOfCounterType": ("Counter:CounterType+",),
        "ArrayOfCounterType": ("item:CounterType*",),
        "CounterInfoType": ("Name:CounterNameType?", "Value:long", "CStatus:unsignedInt"),
        "InstanceType": ("Name:InstanceNameType?",),
        "ObjectInfoType": ("Name:ObjectNameType?", "MultiInstance:boolean", "ArrayOfCounter:ArrayOfCounterType?"),
    },
    texts=("SessionHandleType", "CounterNameType", "ObjectNameType", "InstanceNameType"),
)
