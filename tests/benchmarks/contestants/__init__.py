"""Who takes part: a file each, with the `PACKAGES` it stands on and a function `prepare`.

`prepare(workload, inputs, labels, parameters, threads)` gets `inputs` (examples, features) in float32,
integer `labels`, and the starting `parameters`: weights (fan_out, fan_in) and biases (fan_out,) of each layer
in turn. It returns two functions: `epoch(seed)`, one epoch in the order of
`default_rng(seed).permutation(examples)`, and `weights()`, the parameters as they are now, or None where
there are none to compare.
"""
