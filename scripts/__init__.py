"""Commands of tfwsol, one file each, with ``main(argv)`` and ``run()``."""
