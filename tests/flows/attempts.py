"""Retries, timeouts and caught failures, of steps and of one item of a foreach."""

import os
import time

from stepwell import FlowSpec, catch, current, environment, retry, step, timeout


class Attempts(FlowSpec):
    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        if current.retry_count < 2:
            raise ValueError("not yet")
        self.tried = current.retry_count
        self.items = [1, 0]
        self.next(self.divide, foreach="items")

    @catch(var="failed", print_exception=False)
    @retry(times=1, minutes_between_retries=0)
    @step
    def divide(self):
        self.attempt = current.retry_count
        self.share = 1 / self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.shares = [getattr(one, "share", None) for one in inputs]
        self.reasons = [one.failed and one.failed.message for one in inputs]
        self.attempts = [one.attempt for one in inputs]
        self.merge_artifacts(inputs, include=["tried"])
        self.next(self.killed)

    @catch(var="death")
    @step
    def killed(self):
        os.kill(os.getpid(), 9)
        self.next(self.slow)

    @environment(vars={"NAP": "30"})
    @catch(var="late", print_exception=False)
    @timeout(seconds=1)
    @step
    def slow(self):
        time.sleep(float(os.environ["NAP"]))
        self.next(self.end)

    @step
    def end(self):
        self.late = self.late.message
        self.death = str(self.death)
        print(self.tried, self.shares, self.reasons, self.late)


if __name__ == "__main__":
    Attempts()
