"""The code host: its REST API, what it tells a workflow about a run, and the files by which a step answers. Knows no records."""
