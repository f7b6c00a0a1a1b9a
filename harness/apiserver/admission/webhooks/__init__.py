"""Admission webhooks: servers outside that complete or refuse writes, asked over TLS.

    plugin: which hooks want this write? > an answer that is not known yet: ReviewsNeeded
      > the server asks (calling), remembers the answers with the request, and begins anew

A verb never waits: it is run again from its start once the answers are there, against whatever is
stored by then. What was asked about an object that has changed since is asked again. Without a
webhook configuration nothing of this costs anything.
Source: Kubernetes "Dynamic Admission Control".
"""
