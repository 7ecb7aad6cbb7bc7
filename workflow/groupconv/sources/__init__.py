"""Every source of images, by the name that data.source takes: one module each."""

from groupconv.sources import folder, kkanji, sample

SOURCES = {"sample": sample.SOURCE, "folder": folder.SOURCE, "kkanji": kkanji.SOURCE}
