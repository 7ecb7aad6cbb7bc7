"""What the paper says of its schemes: groups of conv-1 to conv-5."""

GROUPS = {
    "baseline": [1, 1, 1, 1, 1],
    "A": [1, 1, 64, 1, 1],
    "B": [1, 1, 1, 64, 64],
    "C": [1, 1, 64, 64, 64],
    "D": [1, 64, 64, 64, 64],
    "E": [1, 32, 32, 32, 32],
}
