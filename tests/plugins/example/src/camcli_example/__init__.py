"""What this package adds to camcli: the method `peak-cam`, and networks named `example:NAME`."""
