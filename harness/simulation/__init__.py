"""Virtual time, in-memory network, seeded entropy, and a bridge for blocking code.

What belongs here: everything a *program* needs to live in simulated time, whatever it does.
What does not: anything that knows what Kubernetes is. Nothing here imports another room of
`harness`, except `errors`.
"""
