"""Test harnesses: a command server, mutation, fuzzing, kills, and a stand-in device."""
