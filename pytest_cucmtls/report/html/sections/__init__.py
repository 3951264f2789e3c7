"""One module per section of the report: each turns verdicts and evidence into the values its template shows."""
