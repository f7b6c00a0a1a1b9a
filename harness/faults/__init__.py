"""What can be broken on purpose: each fault can be injected, is seen to act, and is undone.

    Fault (parameters, from a file or from Python) > Injection (one occurrence of it, alive)

    begin()     at this very instant: choose targets, write the undo down, strike
    act()       whatever needs requests or time
    observed    set when a record or the fault itself shows that it took effect
    finish()    its end; what it changed is put back

What belongs here: how a fault acts, one family a file.
What does not: when it acts (`scenario.timeline`), and what should follow (`oracle`).
"""
