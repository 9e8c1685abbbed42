"""Run folders: writing, finding and reading them."""
