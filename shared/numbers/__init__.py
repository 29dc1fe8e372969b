"""Phone numbers: the value as sent, its international form, and the keys that it is found by."""
