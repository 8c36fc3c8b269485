"""Evidence: summaries of batches that can be added. One file a type; the file's name is the input's name."""
