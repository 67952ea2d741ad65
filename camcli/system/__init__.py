"""What camcli asks of the machine: memory that is kept, folders to keep things in."""
