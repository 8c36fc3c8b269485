"""What checks compute from evidence, by topic; it knows neither data files nor subjects."""
