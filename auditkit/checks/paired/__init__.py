"""Two models on the same units: what one gains over the other, and what that is called."""
