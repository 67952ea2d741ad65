"""What a run leaves behind: artefacts, the manifest and `run.json`, in a folder of its own."""
