"""params.yaml: what is allowed, which step reads what, what a job needs. Wakes no step."""
