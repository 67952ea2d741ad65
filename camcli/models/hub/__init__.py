"""Models as transformers keeps them: in folders, and in repositories of the Hugging Face Hub."""
