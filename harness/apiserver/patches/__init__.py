"""The three patches that are documents: JSON merge patch, JSON Patch, strategic merge patch.

Each is a pure function from (document, patch) to a new document, which may share unchanged parts
with the old one; neither argument is changed. What is wrong with a patch is raised as the
`ApiError` that kube-apiserver answers. Decoding bytes, defaulting and validating the result belong
to the pipeline; server-side apply is in `harness.apiserver.apply`.
"""
