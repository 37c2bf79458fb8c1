"""The shared map: what remotes and operators draw together, and how everybody hears of it (page "Map elements").

`geometry` says what may be drawn, `groups` and `elements` keep it. Every change is pushed to every remote of the
workspace and told to the console after its transaction.
"""
