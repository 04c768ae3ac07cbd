"""What a question wants of the rows: amounts and dates, places in a contest, yes and no."""
