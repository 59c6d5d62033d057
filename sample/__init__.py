"""The sample newsroom: a week of four invented outlets, as pages and feeds that a site would serve."""
