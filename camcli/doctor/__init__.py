"""What camcli finds on a machine, and whether it works there: `camcli doctor`."""
