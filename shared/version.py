"""The version of the product, which `/health` returns. pyproject.toml must have the same version."""

VERSION = "0.1.0"
