"""Which carriers a message may take, in which order, and why: rules, strategies, decisions. Pure.

``rules`` says what a rule is, ``matching`` which messages it is for, ``table`` finds the first that fits, ``ordering``
puts its candidates in order, and ``engine`` brings these together into one decision. What a carrier costs, how well it
delivers and whether it can take a text come in through ``market``; nothing here asks a clock or a random source.
"""
