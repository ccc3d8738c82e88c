"""A branch with a short and a long arm, and a join that merges."""

from stepwell import FlowSpec, step


class Branch(FlowSpec):
    @step
    def start(self):
        self.shared = [1, 2, 3]
        self.next(self.short, self.long)

    @step
    def short(self):
        self.word = "short"
        self.next(self.join)

    @step
    def long(self):
        self.half = sum(self.shared) / 2
        self.next(self.longer)

    @step
    def longer(self):
        self.word = "long" + "er" * 2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.words = [one.word for one in inputs]
        self.by_name = inputs.longer.word
        self.merge_artifacts(inputs, exclude=["word"])
        self.next(self.end)

    @step
    def end(self):
        print(self.words, self.half)


if __name__ == "__main__":
    Branch()
