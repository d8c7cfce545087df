"""The transparency report: facts about a range of commits, put into sections, rendered in several forms. Knows neither git nor logs."""
