"""Planted bugs: does the harness see what it is there to see?

`NN-name.patch` is one bug of the list in RELIABILITY section 6, as a patch against the product with a header that says what it does here.
`python -m tests.planted` applies each to a copy of the tree, never to the product, and shows that the simulation or the faults catch it.
"""
