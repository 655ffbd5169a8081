"""Model servers: what answers /ping and /invocations for a container's image, without containers."""
