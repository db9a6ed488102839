"""The agency's side of the exchange: a client of its API by profile mynx-1, in the standard library and `cryptography`.

It is a program of its own that knows nothing of the service but its addresses. `python -m mynx --help` says more.
"""
