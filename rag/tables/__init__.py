"""Questions over tables: planned from the tables' own names and values, executed by SQLite."""
