"""Whole nights, and what people do with what they made: commands, questions, maintenance."""
