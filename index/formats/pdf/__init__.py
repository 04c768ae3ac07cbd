"""PDF and pictures to text, and pages to pictures with the places of words."""
