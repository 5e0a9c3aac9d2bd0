"""The training networks of the localizers: a backbone, its head and what a method adds."""
