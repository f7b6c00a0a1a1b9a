"""Running plans: one simulated run per process, many processes, one folder of results.

    plans > processes (fork, collect) > single (one world, one cluster, one case) > folders

What belongs here: putting a plan, a cluster and the reports together. What does not: how any of
them works; and no words for people, which are `cli` and `report`.
"""
