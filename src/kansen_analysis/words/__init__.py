"""Every Dutch sentence, number and date that a report shows."""
