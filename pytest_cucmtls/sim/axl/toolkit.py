"""The AXL toolkit as a download: WSDL and schemas of every version a release serves, in the real archive's folders."""

import io
import zipfile
from functools import lru_cache

from pytest_cucmtls.sim.axl.wsdl import wsdl_document
from pytest_cucmtls.sim.axl.xsd import enums_document, schema_document

_WRITTEN_AT = (2024, 1, 1, 0, 0, 0)


@lru_cache(maxsize=16)
def schema_files(version: str) -> dict[str, bytes]:
    """File name -> content of one schema version."""
    return {
        "AXLAPI.wsdl": wsdl_document(version),
        "AXLSoap.xsd": schema_document(version),
        "AXLEnums.xsd": enums_document(version),
    }


@lru_cache(maxsize=16)
def toolkit_archive(versions: tuple[str, ...]) -> bytes:
    """axlsqltoolkit.zip: ``schema/<version>/`` for each version and ``schema/current/`` for the newest (the first)."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, version in [("current", versions[0]), *((version, version) for version in sorted(versions, key=float))]:
            for name, content in schema_files(version).items():
                entry = zipfile.ZipInfo(f"schema/{folder}/{name}", _WRITTEN_AT)
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
