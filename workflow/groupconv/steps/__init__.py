"""The steps: a module each, with run(params, **paths). None imports another."""
