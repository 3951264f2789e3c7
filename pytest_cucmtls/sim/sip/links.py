"""A way to one SIP peer: a TCP or TLS connection, or a peer behind the UDP port."""

from pytest_cucmtls.sim.sip.connection import SipConnection
from pytest_cucmtls.sim.sip.datagrams import DatagramLink

SipLink = SipConnection | DatagramLink
