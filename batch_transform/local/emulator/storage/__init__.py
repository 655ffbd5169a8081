"""Where the emulator's S3 has the bytes of its objects: large ones in files, with `--data-dir` all of them, and for good."""
