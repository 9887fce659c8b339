"""The vision server: eight tools that look at pictures and videos."""
