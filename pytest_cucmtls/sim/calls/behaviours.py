"""Where the behaviour of simulated calls comes from: third-party phones, features of a call, several nodes."""

from pytest_cucmtls.sim.provenance import Behaviour, Provenance

BEHAVIOURS = (
    Behaviour(
        "SIP",
        "third-party phones register with digest credentials of their end user",
        Provenance.SPECIFIED,
        "Feature Configuration Guide, third-party SIP phones",
    ),
    Behaviour(
        "SIP",
        "alarms SIPTrunkISV, SIPTrunkPartiallyISV and SIPTrunkOOS",
        Provenance.SPECIFIED,
        "alarm catalogue; layout inferred",
    ),
    Behaviour("SIP", "TLS on a plain port is dropped at once", Provenance.ASSUMED, "none found"),
    Behaviour("SIP", "retransmission over UDP", Provenance.SPECIFIED, "RFC 3261 §17"),
    Behaviour("calls", "hold is an inactive offer, resume asks for a new one", Provenance.RECORDED, "public trace of an 11.5"),
    Behaviour(
        "calls", "early offer and PRACK as the trunk's SIP profile says", Provenance.SPECIFIED, "System Configuration Guide"
    ),
    Behaviour("calls", "secure offers fall back to RTP where X-cisco-srtp-fallback is supported", Provenance.SPECIFIED, "guides"),
    Behaviour("calls", "488 for a secure offer without that option", Provenance.ASSUMED, "inferred from the option's purpose"),
    Behaviour(
        "calls", "phones encrypt in mixed mode only", Provenance.SPECIFIED, "Cisco document 217138; OAuth is not simulated"
    ),
    Behaviour("calls", "call forward all, busy, no answer, not registered", Provenance.SPECIFIED, "System Configuration Guide"),
    Behaviour(
        "calls", "Diversion header of forwarded calls where the trunk delivers it", Provenance.SPECIFIED, "RFC 5806, trunk field"
    ),
    Behaviour("calls", "the voice mail pilot is one answering party", Provenance.ASSUMED, "narrower than the real one"),
    Behaviour(
        "calls",
        "a call passes from trunk to trunk; a loop ends with 483 when Max-Forwards is used up",
        Provenance.SPECIFIED,
        "RFC 3261; that CUCM counts on is assumed",
    ),
    Behaviour(
        "calls", "session timers of 1800 seconds, 422 below Min-SE", Provenance.SPECIFIED, "RFC 4028; header seen in traces"
    ),
    Behaviour("calls", "refresh by re-INVITE or UPDATE as the SIP profile says", Provenance.SPECIFIED, "AXL schema, SIP profile"),
    Behaviour(
        "SIP",
        "INVITEs of phones and of trunks with digest are challenged",
        Provenance.SPECIFIED,
        "Security Guide: digest",
    ),
    Behaviour(
        "SIP",
        "no credentials are given to a peer that challenges us (no SIP realm)",
        Provenance.ASSUMED,
        "narrower than the real one",
    ),
    Behaviour("SIP", "the standard profiles of third-party phones ask for no digest", Provenance.ASSUMED, "default of the form"),
    Behaviour(
        "calls", "keys as telephone events, or as KPML events where the trunk says so", Provenance.SPECIFIED, "RFC 4733, 4730"
    ),
    Behaviour("calls", "MTP Required: early offer, media through the node", Provenance.SPECIFIED, "System Configuration Guide"),
    Behaviour("calls", "no SRTP through a media termination point", Provenance.ASSUMED, "software MTPs; narrower where they do"),
    Behaviour(
        "calls", "music for a held party: a further re-INVITE answered sendonly, from the node", Provenance.SPECIFIED, "guides"
    ),
    Behaviour("calls", "REFER within a call: our phone dials, NOTIFY says how it goes", Provenance.SPECIFIED, "RFC 3515"),
    Behaviour(
        "calls", "REFER to a call between two SIP parties is declined (603)", Provenance.ASSUMED, "narrower than the real one"
    ),
    Behaviour(
        "SIP",
        "403 for REFER, SUBSCRIBE and NOTIFY outside calls that the profile does not accept; 501 where it does",
        Provenance.ASSUMED,
        "fields documented, answers not found",
    ),
    Behaviour(
        "nodes",
        "device pool and CallManager group decide where phones and trunks are; runOnEveryNode",
        Provenance.SPECIFIED,
        "System Configuration Guide",
    ),
    Behaviour("nodes", "records that find a device on another node", Provenance.RECORDED, "public trace of a two-node 11.5"),
    Behaviour(
        "nodes", "which signals two nodes exchange about a call", Provenance.ASSUMED, "form seen, names of these signals not"
    ),
    Behaviour("traces", "late records interleave with the next activity", Provenance.RECORDED, "public traces"),
    Behaviour("traces", "an open compressed file ends in .gzo", Provenance.RECORDED, "collected trace folders"),
    Behaviour("traces", "record of a refused connection", Provenance.ASSUMED, "no sample is public"),
)
