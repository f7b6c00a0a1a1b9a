"""Where a scenario runs: each module starts one kind of cluster and hands out its endpoints.

What belongs here: starting and stopping a cluster, what it can do (`Cluster`), and what it looks
like by its records (`ClusterState`, `selection`).
What does not: what is done to it (`faults`) and how it is judged (`oracle`).
"""
