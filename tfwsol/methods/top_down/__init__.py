"""STNet's top-down pass: gates of a class handed down through a Keras graph, layer by layer.

`settings` says how each kind of layer selects, `plan` reads the graph into gate steps (one file
per kind of layer), `activation_cut` runs the network once and `gate_pass` walks the steps.
"""
