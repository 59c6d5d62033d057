"""Systems that take the exam, for comparison. See ../README.md."""
