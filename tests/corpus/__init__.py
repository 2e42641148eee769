"""Real messages of many ecosystems, through the product: `make corpus`.

`lines` reads the recordings of ../shared/corpus, `verdict` compares what was read with what
must be, `__main__` runs it all on a broker.
"""
