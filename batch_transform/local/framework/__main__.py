"""See the package."""

import sys

from batch_transform.local.framework.serve import main

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
