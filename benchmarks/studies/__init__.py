"""How good: measurements behind the choices that the docs tell."""
