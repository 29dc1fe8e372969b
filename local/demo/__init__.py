"""The whole product on one machine, filled with an invented company: what `make run` starts."""
