"""Every parser of platform CLI output by name: text of one command's answer in, values out.

The text may be the cleaned one or the session's bytes as decoded text, echo, prompt and carriage returns included.
"""

from pytest_cucmtls.wire.cli_certificates import (
    parse_certificate_list,
    parse_csr_text,
    parse_request_list,
    parse_show_cert,
)
from pytest_cucmtls.wire.cli_files import parse_file_list, parse_files_affected, parse_folder_list
from pytest_cucmtls.wire.cli_refusals import CliRefusal, parse_import_refusal, parse_refusal
from pytest_cucmtls.wire.cli_status import (
    parse_cluster_members,
    parse_disk_space,
    parse_host_status,
    parse_network_address,
    parse_ntp_status,
    parse_release,
    parse_service_list,
    parse_tls_minimum,
    parse_version,
)
from pytest_cucmtls.wire.cli_terminal import render_terminal

__all__ = [
    "CliRefusal",
    "parse_certificate_list",
    "parse_cluster_members",
    "parse_csr_text",
    "parse_disk_space",
    "parse_file_list",
    "parse_files_affected",
    "parse_folder_list",
    "parse_host_status",
    "parse_import_refusal",
    "parse_network_address",
    "parse_ntp_status",
    "parse_refusal",
    "parse_release",
    "parse_request_list",
    "parse_service_list",
    "parse_show_cert",
    "parse_tls_minimum",
    "parse_version",
    "render_terminal",
]
