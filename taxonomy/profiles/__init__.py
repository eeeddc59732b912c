"""The taxonomy as one person wants it: adapted, ranked, and adapted anew."""
