"""What is used: reported, counted, rolled up, and what follows from it."""
