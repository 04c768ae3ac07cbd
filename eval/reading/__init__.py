"""Files beside what should be read in them -> a score of each reader."""
