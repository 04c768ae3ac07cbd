"""Tables of documents with typed cells: numbers, money, dates, times, yes and no, text."""
