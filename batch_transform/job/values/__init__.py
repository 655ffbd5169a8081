"""Job files and environments as frozen dataclasses, with every field's declaration, and small values with rules."""
