"""Phone numbers: what was sent, its international form, and the keys that it is found by."""
