"""Images: found, named, decoded, cropped and streamed in batches, all without torch."""
