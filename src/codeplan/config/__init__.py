"""The only reader of codeplan.toml and of the environment: model, load, check."""
