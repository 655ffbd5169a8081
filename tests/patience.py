"""How long a test waits for what must come. It waits for the event, so only a failure takes this long."""

from __future__ import annotations

PATIENCE_SECONDS = 240.0
