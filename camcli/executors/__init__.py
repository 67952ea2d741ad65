"""Where the pipeline runs. Scheduling only: the pipeline underneath is the same everywhere."""
