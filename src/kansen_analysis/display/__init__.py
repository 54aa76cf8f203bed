"""What a report shows, in Dutch: numbers, tables, figures and the files behind them."""
