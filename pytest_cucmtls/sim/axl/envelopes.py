"""Writes SOAP answers and faults the way a real server does."""

from lxml import etree

from pytest_cucmtls.sim.axl.faults import AxlFault
from pytest_cucmtls.sim.axl.outbound import XSI
from pytest_cucmtls.sim.axl.requests import SOAP, Element, Request

_GAXL_COMMENT = "This API has been processed by GAXL not AXL"


def answer(request: Request, result: Element, *, declare_xsi: bool) -> bytes:
    """A good answer around the ``return`` element."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    prefixes = {"ns": request.namespace, "xsi": XSI} if declare_xsi else {"ns": request.namespace}
    response = etree.SubElement(body, f"{{{request.namespace}}}{request.operation}Response", nsmap=prefixes)
    if request.sequence is not None:
        response.set("sequence", request.sequence)
    response.append(result)
    return bytes(etree.tostring(envelope, encoding="UTF-8", xml_declaration=True))


def odd_answer(request: Request, result: Element) -> bytes:
    """listPhone's form (recorded on 12.5): ISO-8859-1, no declaration, namespace on the envelope, a comment at the end."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "ns": request.namespace})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    response = etree.SubElement(body, f"{{{request.namespace}}}{request.operation}Response")
    if request.sequence is not None:
        response.set("sequence", request.sequence)
    response.append(result)
    printed = etree.tostring(envelope, encoding="us-ascii").decode("ascii")
    return printed.encode("ascii") + f"<!--{_GAXL_COMMENT}-->".encode("ascii")


def fault(request: Request, problem: AxlFault) -> bytes:
    """A fault with an axlError, its parts unqualified."""
    element = _fault_element(f"soapenv:{problem.faultcode}", problem.message)
    error = etree.SubElement(etree.SubElement(element, "detail"), "axlError")
    etree.SubElement(error, "axlcode").text = str(problem.code)
    etree.SubElement(error, "axlmessage").text = problem.message
    etree.SubElement(error, "request").text = request.operation
    return _printed(element)


def operation_not_found(request: Request, ip: str, port: int) -> bytes:
    """The web service engine's own fault for an operation it does not have; its detail is empty."""
    message = (
        f"The endpoint reference (EPR) for the Operation not found is https://{ip}:{port}/axl/services/AXLAPIService"
        f" and the WSA Action = CUCM:DB ver={request.version} {request.operation}"
    )
    element = _fault_element("axis2ns2:Client", message)
    etree.SubElement(element, "detail")
    declared = f'<soapenv:Fault xmlns:axis2ns2="{SOAP}">'
    return _printed(element).replace(b"<soapenv:Fault>", declared.encode(), 1)


def _fault_element(faultcode: str, message: str) -> Element:
    """Envelope, body and fault; the fault is returned."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    element = etree.SubElement(body, f"{{{SOAP}}}Fault")
    etree.SubElement(element, "faultcode").text = faultcode
    etree.SubElement(element, "faultstring").text = message
    return element


def _printed(element: Element) -> bytes:
    """The whole document of an element."""
    return bytes(etree.tostring(element.getroottree(), encoding="UTF-8", xml_declaration=True))
