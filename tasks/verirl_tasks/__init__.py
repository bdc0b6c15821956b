"""Built-in task plugins, one folder each."""
