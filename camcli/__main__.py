"""Lets `python -m camcli` do what the `camcli` script does."""

from camcli.cli import main

if __name__ == "__main__":
    main()
