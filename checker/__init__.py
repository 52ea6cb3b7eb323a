"""The independent checker: reads what a run left behind, folds everything again itself, and says whether each invariant holds.

A program of its own. Must not import anything of the product: not its schemas, not its law, not its plumbing. What it knows of the forms
it has from the published documents, so that an error in the product's code is not an error here too.
"""
