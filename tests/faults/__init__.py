"""What goes wrong: systems, clocks, kills, power, hard days."""
