"""The connection doctor: every step of coming online, how it is, why, and what to do.

`server` looks at what all remotes and docks need, `gateway` at one of them, `knocking` at strangers. Nothing here
changes anything; what is tried over the network (the page, the broker, a gateway's login) has a limit of its own.
"""
