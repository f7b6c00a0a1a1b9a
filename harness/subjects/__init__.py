"""The operator under test, run unmodified: in this process on virtual time, or as a command.

What belongs here: starting, crashing, pausing and stopping a subject, what it finds as its
environment, and its log and process events in the journal. What does not: starting pods (that is
the kubelet's) and anything that looks into a subject's code.
"""
