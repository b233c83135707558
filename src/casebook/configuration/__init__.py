"""How settings are declared, read and explained."""
