"""Which school this is over the years, who takes part, and who is compared."""
