"""When an answer is right: by references, by a function of the user's, or by people's labels."""
