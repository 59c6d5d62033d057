"""An exam on Wikinews articles: who says what about whom, and how they stand. See README.md."""
