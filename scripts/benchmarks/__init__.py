"""What `make bench` measures: one module for each group of rows of DESIGN's speed table.

    starting   process start, warm cluster
    resting    virtual minutes in which nothing happens
    faulting   a whole scenario with faults
    serving    the API server over loopback, beside the real one (load.py is the client's process)
    growing    the same with more objects and more requests

What belongs here: measuring with real clocks. What does not: deciding what a good number is; the
aims stand in the rows only to be printed beside what was measured.
"""
