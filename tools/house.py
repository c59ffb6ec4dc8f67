"""What the checks of this folder share: the checkout, its files, and how faults are told."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED = {"node_modules", "build", "dist", ".git", ".parlour"}


def path(name):
    return os.path.join(ROOT, name)


def files(folder, *endings):
    """Paths from the checkout, sorted; folders of built things are left out."""
    found = []
    for place, folders, names in os.walk(path(folder)):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in names:
            if name.endswith(endings):
                found.append(os.path.relpath(os.path.join(place, name), ROOT))
    return sorted(found)


def ours():
    """Every file that belongs to the project: what git tracks, and what it would track."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode != 0:  # no git, or no repository: the folder as it is
        return files(".", "")
    return sorted(name for name in listed.stdout.decode().split("\0") if name and os.path.isfile(path(name)))


def read(name):
    with open(path(name), encoding="utf-8", errors="replace") as file:
        return file.read()


def code(text):
    """C++ without comments and the insides of texts; line numbers stay."""
    def blank(match):
        found = match.group(0)
        if found.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", found)
        if found.startswith("R"):
            return '""' + "\n" * found.count("\n")
        return found[0] + found[-1]
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', blank, text,
                  flags=re.S)


def report(name, faults):
    """Prints the faults and ends the program."""
    for fault in faults:
        print(fault)
    print(f"{name}: " + ("no fault" if not faults else f"{len(faults)} fault" + ("s" if len(faults) > 1 else "")))
    sys.exit(1 if faults else 0)
