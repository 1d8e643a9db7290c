"""Are groups treated alike? Every declared group and intersection, and their comparison."""
