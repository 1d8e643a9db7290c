"""What the pages are made of: one module for each part of a page."""
