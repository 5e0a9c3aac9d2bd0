"""Turns what a user downloaded into records: sources, records, pictures, shards, preparation."""
