"""Generate the OpenAPI description of the API from its operations and models; the app serves the result."""
