"""Language models, one file a way of reaching them."""
