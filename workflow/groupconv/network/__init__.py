"""The network: its numbers, layers, batches, device and checkpoints. Knows no steps."""
