"""What is true of a run: claims about states, and what follows from them over time.

    records > claims (does it hold now?) > convergence, invariants (and over time?) > verdict

What belongs here: pure functions and state machines over records and given times.
What does not: requests, tasks, timers. Whoever runs a case feeds records and times in.
"""
