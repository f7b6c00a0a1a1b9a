"""Property-based search: specs, faults and schedules are drawn, operators are judged at rest.

    CRD > strategies > operations > trial (one simulated run) > outcome > coverage, findings
                                                                  shrunk, saved, replayed

What belongs here: what to try, how to judge it without anybody having written claims, how to search
and how to shrink. What does not: how a cluster runs (`running`), how a fault acts (`faults`), and
the rules of a schema themselves (`apiserver`).
"""
