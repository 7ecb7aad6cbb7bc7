"""Which file systems are this machine's own: there alone a file's times tell that it changed."""

import os

import psutil

# Linux's and macOS's. Not FAT and exFAT, which date to two seconds and make inodes up; nor FUSE,
# behind which may be anything.
LOCAL = frozenset(
    "apfs bcachefs btrfs erofs ext2 ext3 ext4 f2fs hfs jfs nilfs2 overlay ramfs reiserfs squashfs "
    "tmpfs ufs xfs zfs".split()
)


def is_local(path: str) -> bool:
    """Whether ``path``, or what a link leads to, is on a file system that is known to be local."""
    real = os.path.realpath(path)
    mounts = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    while real not in mounts:
        above = os.path.dirname(real)
        if above == real:
            return False
        real = above
    return mounts[real].casefold() in LOCAL
