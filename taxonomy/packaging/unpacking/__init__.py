"""Archives read with distrust: what is listed is what is read, and nothing unpacked.

The readers are our own: those of the standard library read headers of any size into
memory, and take what one tool sees one way and another tool another way.
"""
