"""The commented inventory that `cucmtls init` writes."""

TEMPLATE = """\
# Two Unified CM clusters joined by a SIP TLS trunk. Passwords never stand here: name the environment variables.
# More clusters: mesh = "full" or [[trunks]], for `cucmtls verify-mesh` (docs/mesh.md).

policy = "cisco-hardening"   # `cucmtls policies` lists the others; a path to your own TOML file works, too
mode = "verify"              # verify: read only.  apply: perform the ten steps, then prove
place_calls = true           # false: judge configuration only, no test call
# reset_trunks = true        # verify may reset the trunks, so that captures show the handshake; drops calls on them
# probe = true               # ask the SIP listeners what they accept and refuse: some 30 connections per node
# probe_pause_seconds = 1.0  # between two of them
# approved_anchors = []      # SHA-256 fingerprints CallManager-trust may hold beside your CA

[authority]                  # used in mode apply
kind = "files"               # files: your CA's key.  folder: hand requests over, pick certificates up.  certsrv: AD CS.
                             # existing: sign nothing, verify what is there.  embedded: a test CA  (docs/authorities.md)
certificate_file = "ca.pem"
key_file = "ca.key"
# key_password_variable = "CUCMTLS_CA_PASSWORD"
# chain_file = "ca-chain.pem"  # for kind = "existing"; for files and folder the CAs above the issuing one
# folder = "handover"        # for kind = "folder"
# url = "https://ca.example.org/certsrv"   # for kind = "certsrv", with the next five
# user = "CORP\\\\enroller"
# password_variable = "CUCMTLS_CA_USER_PASSWORD"
# authentication = "basic"   # or ntlm, negotiate (Kerberos): pip install 'pytest-cucmtls[adcs]'
# template = "CUCMTrunk"     # its name, not its display name; needs serverAuth and clientAuth
# ca_bundle = "ca-server.pem"
# wait_seconds = 0           # how long a run waits for certificates before it stops; it can be continued
# crl_file = "ca.crl"        # the CA's current revocation list
# ocsp = "certificate"       # ask the responder the certificates name, or give its address; without it nobody is asked

# [maintenance]              # outside it, mode apply changes nothing
# zone = "Europe/Paris"
# from = "22:00"             # with weekdays a time of day, else a moment: "2026-11-28T22:00"
# until = "04:00"            # no longer inside
# weekdays = ["sat", "sun"]  # on which the window opens
# max_calls = 4              # test calls of one run
# max_minutes = 120          # after which no further change is begun

[clusters.A]
release = "12.5"
extension = "1018"                       # directory number of the test phone
phone = "SEP001122334455"                # its device name
trunk = "to-cluster-b"                   # SIP trunk to the other cluster
# security_profile = "Secure SIP Trunk Profile TLS"
# route_pattern = "9898"                 # default: the other cluster's extension
# partition = ""                         # partition of the route pattern; "" is <None>
# device_pool = "Default"
# x509_subject_names = ["cucm-b.example.org"]   # default: the other cluster's node names
# key_length = 2048
# hash_algorithm = "sha256"
# call_driver = "webdialer"              # sip-phone: a phone of our own.  operator: a person dials.  replay: given files
# voicemail = "5000"                     # voicemail pilot, so that voicemail is told from another forward
ca_bundle = "cucm-a-tomcat.pem"          # PEM that vouches for the HTTPS interfaces
known_hosts = "~/.ssh/known_hosts"       # vouches for the platform CLI; review both: cucmtls trust --inventory FILE
# answer_seconds = 60                    # how long one answer may take, for slow nodes
# file_transfer = ["dime", "sftp"]       # ways to fetch captures and traces, in this order
# sftp_port = 0                          # where this machine listens for uploads of the nodes; 0: any free port

[clusters.A.axl]                         # application user: AXL and serviceability roles
user = "axladmin"
password_variable = "CUCMTLS_A_AXL_PASSWORD"   # environment; other ways, tried in this order:
# password_command = ["pass", "show", "cucm/a-axl"]   # a program's first line of output; no shell
# password_keyring = "cucm-a"                    # entry of the OS keyring (pip install pytest-cucmtls[keyring])
# password_prompt = "cluster A, AXL"             # asked on a terminal with these words

[clusters.A.platform]                    # OS administrator of the platform CLI and certificate REST
user = "administrator"
password_variable = "CUCMTLS_A_PLATFORM_PASSWORD"

[clusters.A.call]                        # end user of the test phone: WebDialer, or digest user of the SIP phone
user = "testuser"
password_variable = "CUCMTLS_A_CALL_PASSWORD"

# [clusters.A.sip_phone]                 # with call_driver = "sip-phone"; docs/calls.md
# transport = "tls"                      # tls, tcp or udp
# ca_file = "cucm-ca.pem"                # vouches for CallManager's certificate
# certificate_file = "phone.pem"         # what the phone shows; key_file holds its key
# key_file = "phone.key"

[[clusters.A.nodes]]                     # one table per node, publisher first
name = "cucm-a.example.org"              # as CUCM knows it: the common name of its certificate
address = "cucm://10.0.0.10"
role = "publisher"

[clusters.B]
release = "12.5"
extension = "9898"
phone = "SEP00112233AABB"
trunk = "to-cluster-a"
ca_bundle = "cucm-b-tomcat.pem"
known_hosts = "~/.ssh/known_hosts"

[clusters.B.axl]
user = "axladmin"
password_variable = "CUCMTLS_B_AXL_PASSWORD"

[clusters.B.platform]
user = "administrator"
password_variable = "CUCMTLS_B_PLATFORM_PASSWORD"

[clusters.B.call]
user = "testuser"
password_variable = "CUCMTLS_B_CALL_PASSWORD"

[[clusters.B.nodes]]
name = "cucm-b.example.org"
address = "cucm://10.0.0.20"
role = "publisher"
"""
