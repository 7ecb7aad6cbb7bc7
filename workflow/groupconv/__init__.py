"""Grouped-convolution schemes of VGG-BN on Kuzushiji: one module per step of the workflow."""
