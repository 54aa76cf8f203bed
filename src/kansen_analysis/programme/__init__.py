"""What stands beside the figures: activities, goals, hours and money, stories and lessons."""
