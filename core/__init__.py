"""What every package needs and no domain owns. It imports nothing of ours."""
