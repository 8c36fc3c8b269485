"""Views of a record. They read the record alone: no data, no model, no check."""
