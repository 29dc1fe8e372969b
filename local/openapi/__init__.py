"""The OpenAPI description of the API, generated from its operations and models; the app serves the result."""
