"""What several servers share behind one address: a database, and the counts of rate limits."""
