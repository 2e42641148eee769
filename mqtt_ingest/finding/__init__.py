"""Finding what a broker carries: listening, proposals, and Sources that are made of them."""
