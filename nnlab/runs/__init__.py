"""The run folder: what training leaves behind, and how it is found and read again."""
