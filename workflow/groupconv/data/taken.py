"""What was taken of a folder of images for what, and how the screen and an error say it."""

from dataclasses import dataclass, field
from pathlib import Path

from groupconv.data.archive import NO_TABLE_HOLDS
from groupconv.data.labels import class_name
from groupconv.data.listing import folders, has_image, is_copies, listed
from groupconv.data.roles import role_of
from groupconv.ground.errors import DataError

UNSEEN = " \t\u00a0\u200b\u3000\ufeff"  # at the ends of a name


@dataclass
class Layout:
    """The folders of the classes, and those of the parts with the role of each.

    ``beside`` names what else lies there, which nobody reads.
    """

    asked: Path
    root: Path
    labels: list[Path] = field(default_factory=list)
    parts: list[tuple[Path, str]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """The path as the user sees it, from the folder that was asked for."""
        name = path.relative_to(self.asked).as_posix()
        hides = any(part != part.strip(UNSEEN) for part in name.split("/"))
        return repr(name) if hides or NO_TABLE_HOLDS.search(name) else name

    def named(self, paths: list[Path]) -> str:
        """The first of the paths, and how many more there are."""
        return listed(list(map(self.name, paths)))

    def part_of(self, label: Path) -> str:
        """The published part that a class's folder is in; folds beside a test part are training."""
        roles = {role for _, role in self.parts}
        role = next((role for top, role in self.parts if top in label.parents), "")
        if role == "fold":
            return "train" if roles - {"fold"} else ""
        return role

    def refuse(self, problem: str) -> DataError:
        """The error of this folder, in a line."""
        return DataError(f"params.yaml: data.folder = {self.asked}: {problem}")

    def says(self) -> str:
        """Which folders are classes and parts, and what is not read; the end of a line."""
        said = f", in {self.name(self.root)}" if self.root != self.asked else ""
        names = [class_name(label.name) for label in self.labels]
        said += f" ({listed(sorted(set(names)))})"
        if self.parts:
            roles = [
                name if (name := self.name(top)) == role else f"{name} as {role}"
                for top, role in self.parts
            ]
            said += f"; parts: {', '.join(roles)}"
        inside = {
            label: [path for path in folders(label) if not is_copies(path.name)]
            for label in self.labels
        }
        if mixed := [label for label, of in inside.items() if of and has_image(label)]:
            said += f"; read with the folders in it: {self.named(mixed)}"
        if split := [path for of in inside.values() for path in of if role_of(path)]:
            said += f"; parts within classes, read as one: {self.named(split)}"
        return said + (f"; not read: {', '.join(self.beside)}" if self.beside else "")
