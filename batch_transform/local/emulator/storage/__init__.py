"""Where the bytes of S3's objects are: large ones in files, with `--data-dir` all of them, and for good."""
