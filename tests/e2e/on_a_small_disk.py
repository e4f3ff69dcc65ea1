"""A program with a small disk at FOLDER, in a mount namespace of its own.

Usage: `on_a_small_disk.py FOLDER SIZE PROGRAM ...`. The disk is memory, nobody else sees it, and it goes with the
process. Needs root; exit code 77 says that it may not.
"""

import os
import subprocess
import sys

NOT_ALLOWED = 77


def main(folder: str, size: str, *program: str) -> None:
    """Mount, and become the program."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        sys.exit(NOT_ALLOWED)
    os.execv(program[0], program)


if __name__ == "__main__":
    if os.environ.get("IN_A_NAMESPACE"):
        main(*sys.argv[1:])
    else:
        os.environ["IN_A_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
