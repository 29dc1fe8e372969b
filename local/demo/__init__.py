"""The demo: the whole product on one machine with an invented company, as `make run` starts it."""
