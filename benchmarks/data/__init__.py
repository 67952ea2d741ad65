"""Images that benchmarks are measured on."""
