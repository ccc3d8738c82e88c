"""A step that needs a second attempt, and one whose failure is caught."""

from stepwell import FlowSpec, catch, current, retry, step


class Failures(FlowSpec):
    """Come through."""

    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        if current.retry_count == 0:
            raise OSError("not yet")
        self.attempts = current.retry_count + 1
        self.divisors = [2, 0]
        self.next(self.divide, foreach="divisors")

    @catch(var="problem", print_exception=False)
    @retry(times=0)
    @step
    def divide(self):
        self.divisor = self.input
        self.share = 1 / self.divisor
        self.next(self.join)

    @step
    def join(self, inputs):
        self.failed = [bool(one.problem) for one in inputs]
        self.shares = [one.share for one in inputs if not one.problem]
        self.next(self.end)

    @step
    def end(self):
        self.rate = sum(self.failed) / len(self.failed)


if __name__ == "__main__":
    Failures()
