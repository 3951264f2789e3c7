"""The part of AXL's interface we speak, as data: `axl.toml` is turned into a WSDL by `clients/axl_schema.py`."""
