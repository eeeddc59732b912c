"""Code that every package needs and no domain owns; it imports none of ours."""
