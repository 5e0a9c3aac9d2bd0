"""Command line flags of tfwsol, one file per concern; import as ``tfwsol.flags.<file>``."""
