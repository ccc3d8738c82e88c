"""A file as an artifact, and a configuration read when the run starts."""

from stepwell import Config, FlowSpec, IncludeFile, environment, step


class Files(FlowSpec):
    """Count words."""

    text = IncludeFile("text", default="data/verse.txt")
    settings = Config("settings", default_value={"least": 3, "level": "low"})

    @environment(vars={"LEVEL": settings.level})
    @step
    def start(self):
        import os

        self.level = os.environ["LEVEL"]
        self.words = self.text.split()
        self.next(self.end)

    @step
    def end(self):
        self.long = [word for word in self.words if len(word) >= self.settings.least]


if __name__ == "__main__":
    Files()
