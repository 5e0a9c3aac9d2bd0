"""A folder of the user's own pictures as a data set."""
