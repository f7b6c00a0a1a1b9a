"""Blocking code on the virtual loop: threads, sockets, sleep, locks and queues, without threads.

What belongs here: stand-ins for what blocks in the standard library. A simulated thread is a
greenlet (job.py); a blocking call makes a future and switches to the loop until it is done
(blocking.py). What does not: anything that libraries build on top of these; they work unmodified.
"""
