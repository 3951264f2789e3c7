"""What each SOAP service of a node says of itself at `?wsdl`: our own descriptions, with the names real clients look for."""
