"""Structure: what topics and payloads that follow no convention are read as.

`observations` holds a bounded sample, `words` is what names commonly mean, `levels` decides
which level of a topic is the device, `learner` makes templates of it, with reasons.
"""
