"""What a model is made of: its source folder, its archive, and the framework container that serves it."""
