"""The version of the product, which `/health` tells; pyproject.toml has the same."""

VERSION = "0.1.0"
