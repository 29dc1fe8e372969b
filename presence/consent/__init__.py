"""Connects a directory to its company's presence, and takes the connection away.

`wizard` is what an administrator may do, `flow` the way through Microsoft's pages and back, `attempts` what is kept
meanwhile, `propagation` the wait until consent has arrived, `state` the connection as one state machine.
"""
