"""C++ sources of the compiled operations and the program that builds them."""
