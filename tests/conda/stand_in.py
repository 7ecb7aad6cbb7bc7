"""A stand-in for the `conda` command, for machines that no conda can be had on. It is not conda:
rattler solves and installs. It knows what Snakemake and envs/pin.sh call, and takes conda's
CONDA_CHANNEL_ALIAS, CONDA_CHANNELS, CONDA_PKGS_DIRS and CONDA_OVERRIDE_CUDA. See fixture `user`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import yaml
from rattler import (
    Channel,
    ChannelConfig,
    PrefixRecord,
    VirtualPackage,
    VirtualPackageOverrides,
    install,
    solve,
)


async def create(channels: list[str], specs: list[str], prefix: str) -> None:
    """Solve ``specs`` and install them into ``prefix``."""
    config = ChannelConfig(os.environ["CONDA_CHANNEL_ALIAS"])
    # As conda does it: those that are configured come after the file's, `defaults` if none is.
    channels = [*channels, *os.getenv("CONDA_CHANNELS", "defaults").split(",")]
    sources = [Channel(channel, config) for channel in dict.fromkeys(channels)]
    present = VirtualPackage.detect(VirtualPackageOverrides.from_env())
    records = await solve(sources, specs, virtual_packages=present)
    packages = os.environ["CONDA_PKGS_DIRS"]
    await install(records, prefix, cache_dir=packages, show_progress=False)
    os._exit(0)  # rattler's own threads can crash a Python that ends in order


match sys.argv[1:]:
    case ["--version"]:
        print("conda 24.7.1")
    case ["info", "--json"]:
        base = os.environ["CONDA_EXE"].removesuffix("/bin/conda")
        print(json.dumps({"conda_prefix": base, "platform": "linux-64"}))
    case ["config", "--get", "channel_priority", "--json"]:
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    case ["env", "create", *_, "--file", file, "--prefix", prefix]:
        wanted = yaml.safe_load(Path(file).read_text())
        asyncio.run(create(wanted["channels"], wanted["dependencies"], prefix))
    case ["create", *_, "--file", file, "--prefix", prefix, "--yes"]:
        lines = Path(file).read_text().partition("@EXPLICIT\n")[2].split()
        names = [line.partition("#")[0].rpartition("/")[2] for line in lines]
        builds = [name.removesuffix(".tar.bz2").rsplit("-", 2) for name in names]
        asyncio.run(create(["conda-forge"], ["{} =={} {}".format(*b) for b in builds], prefix))
    case ["list", "--explicit", "--md5", "--prefix", prefix]:
        records = map(PrefixRecord.from_path, Path(prefix, "conda-meta").glob("*.json"))
        print("@EXPLICIT", *(f"{r.url}#{r.md5.hex()}" for r in records), sep="\n")
    case ["clean", *_]:
        pass
    case arguments:
        sys.exit(f"the stand-in for conda does not know: {arguments}")
