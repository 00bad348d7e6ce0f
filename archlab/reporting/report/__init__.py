"""A sweep's report: one HTML page that needs nothing else, and its charts as files."""
