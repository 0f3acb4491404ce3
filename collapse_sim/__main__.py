"""`python -m collapse_sim`: the console command `collapse-sim`, wherever that is installed."""

import sys
from importlib.metadata import entry_points


def main() -> int:
    """Run the installed command; returns its exit status."""
    commands = entry_points(group="console_scripts", name="collapse-sim")
    if not commands:
        print(
            "python -m collapse_sim: error: the command collapse-sim is not installed; "
            "'pip install .' in the project's folder installs it",
            file=sys.stderr,
        )
        return 2
    # By name, as this room does not import the one that the command stands in.
    return next(iter(commands)).load()()


if __name__ == "__main__":
    raise SystemExit(main())
