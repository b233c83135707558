"""What Casebook talks about: frozen data and pure functions, no clock, no input or output."""
