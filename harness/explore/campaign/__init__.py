"""A campaign: one search over specs, faults and schedules, for a time or a number of examples.

    plan.py          what is searched, and how much of it
    goals.py         what there is to cover in a schema; covering.py: what an outcome has covered
    drawing.py       whole examples, drawn, with faults of `explore.fault_pool`
    searching.py     one batch of examples;  shrinking.py, polishing.py: one finding made small
    jobs.py          both as jobs for a worker;  inline.py, processes.py, dask.py: who does them
    campaign.py      which job is next, and what came of all of them
    memory.py        findings as Hypothesis examples; as files by `explore.saving`

    plan > batch (seed, what is wanted) > examples > trials > goals reached, hits
                                                       first hit of a key > shrunk > finding

**How Hypothesis is used.** A batch is one ordinary `@given` test with a seed of its own that never
fails: it notes what its trials found and goes on, for a search should not end with its first
finding. To shrink one, the same test is run again with the same seed; now it fails where the
finding was, and Hypothesis shrinks as it always does. That takes public API only, and all draws of
a batch are a function of (seed, number of the batch, what was wanted), so who computed which batch
when changes nothing: one worker or many, the same examples.

**What is steered.** A batch prefers the goals that were open when it was made, which are those of
the batches up to some before it: fixed, so that no worker waits and nothing depends on speed.
"""
