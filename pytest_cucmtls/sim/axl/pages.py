"""The HTML pages of the AXL web service: its own welcome page and Tomcat's errors, headers included.

RECORDED on 12.5: status 401 and 200, headers of answers and faults. SPECIFIED: which situation has which status.
ASSUMED: the text of the 403, 404, 503 and 599 pages beside the recorded sentence.
"""

from html import escape

from aiohttp import web

REALM = "Cisco AXL API"
SECURITY_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Server": "",
}
_EXPIRED = "Thu, 01 Jan 1970 00:00:00 GMT"
_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    503: "Service Unavailable",
    599: "Unknown Version",
}


def welcome_page() -> web.Response:
    """GET /axl/ with credentials; ciscoaxl's login check."""
    text = (
        "<html><head><title>Cisco CallManager: AXL Web Service</title></head><body>"
        "<h1>Cisco CallManager: AXL Web Service</h1>"
        "<p>The AXL Web Service is working and accepting requests. Use HTTP POST to send a request.</p></body></html>"
    )
    headers = SECURITY_HEADERS | {"Content-Type": "text/html;charset=ISO-8859-1"}
    return web.Response(body=text.encode("iso-8859-1"), headers=headers)


def error_page(status: int, message: str) -> web.Response:
    """An HTML error page; the connection is closed after it."""
    title = f"HTTP Status {status} - {escape(message)}"
    text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    headers = SECURITY_HEADERS | {"Content-Type": "text/html;charset=utf-8", "Connection": "close"}
    response = web.Response(status=status, reason=_REASONS[status], body=text.encode(), headers=headers)
    response.force_close()
    return response


def challenge_page() -> web.Response:
    """401: who are you?"""
    text = (
        "<!-- custom Cisco error page -->\n<html><head><title>Cisco System - Error</title></head>"
        "<body><h1>HTTP Status 401 - Unauthorized</h1></body></html>"
    )
    headers = SECURITY_HEADERS | {
        "Content-Type": "text/html;charset=utf-8",
        "WWW-Authenticate": f'Basic realm="{REALM}"',
        "Cache-Control": "private",
        "Expires": _EXPIRED,
    }
    return web.Response(status=401, reason=_REASONS[401], body=text.encode(), headers=headers)


def soap_response(body: bytes, status: int = 200) -> web.Response:
    """A SOAP answer, or with status 500 a fault, after which the connection is closed."""
    headers = SECURITY_HEADERS | {"Content-Type": "text/xml;charset=UTF-8"}
    if status == 200:
        return web.Response(body=body, headers=headers)
    response = web.Response(status=status, body=body, headers=headers | {"Connection": "close"})
    response.force_close()
    return response
