"""Word, PowerPoint, Excel and OpenDocument files to text."""
