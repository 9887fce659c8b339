"""JSON for programs: the account's own, the operator's, and what GLM Coding Plan's clients read."""
