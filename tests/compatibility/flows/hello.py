"""Hello world: three steps in a line, and artifacts that flow through them."""

from stepwell import FlowSpec, step


class Hello(FlowSpec):
    """Greet, think, say goodbye."""

    @step
    def start(self):
        self.greeting = "hello"
        self.words = [self.greeting]
        self.next(self.think)

    @step
    def think(self):
        self.words.append("world")
        self.next(self.end)

    @step
    def end(self):
        self.sentence = " ".join(self.words)
        print(self.sentence)


if __name__ == "__main__":
    Hello()
