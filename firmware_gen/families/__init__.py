"""C of each family's steps: parameters as constant structs, and the call."""
