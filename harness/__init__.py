"""Prove that a Kubernetes operator converges, whatever breaks."""
