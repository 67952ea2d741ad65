"""Where the bytes of images lie: files, members of archives, rows of tables, objects by URL."""
