"""How a tool inside a ``namespace`` is named where there are no namespaces."""

SEPARATOR = "__"
