"""Where the instructions of an inference go: by layer, by kind of instruction, against a dense int8 network."""
