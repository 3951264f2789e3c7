"""The one-file HTML acceptance report: sections as values, templates that escape everything, words in two languages."""
