"""``stepwell doctor``: what works on this machine and in this environment, what does not, and why.

* `finding`: what a check may say.
* `examine`: checks at once, each after those it needs, none longer than it may take.
* `machine`, `account`, `platform`: the checks, from near to far. Each is a function that looks, and
  beside it, where there is something to decide, a pure one that judges what was seen.
* `checks`: all of them.
"""
