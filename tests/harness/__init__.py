"""What tests and benchmarks share: command server, mutation, fuzzing, kills, a stand-in device."""
