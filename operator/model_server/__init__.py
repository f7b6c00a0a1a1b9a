"""The model server: an online text classifier over HTTP, small enough to read and real enough to
lose data when it is treated badly.

`classifier` is the model, `storage` keeps it on disk, `app` serves it. It knows nothing of
Kubernetes: settings come from the environment (`__main__`) or from the caller of `app.make_app`.
"""
