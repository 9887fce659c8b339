"""codeplan: a self-hostable coding-plan service. docs/architecture.md shows the house."""
