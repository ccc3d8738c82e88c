"""``stepwell cost estimate``: what an environment costs when it is idle, and what a run costs.

Everything is read as data: a stack from its Terraform JSON, a flow from its state machine, prices from a
dated table. So an estimate follows the settings and the compiler, and this imports neither.

* `prices`: the table. `lines`: what a bill is made of.
* `stack`: Terraform JSON, synthesized now or before. `idle`: what its resources cost without a run.
* `workload`: the tasks of a run, given or of a state machine. `run`: what they cost.
"""
