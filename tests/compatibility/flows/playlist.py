"""Statistics of a list of films, a task for each genre."""

from io import StringIO

import pandas as pd

from stepwell import FlowSpec, IncludeFile, step


class Playlist(FlowSpec):
    """Rank the genres by what their films earned."""

    films = IncludeFile("films", default="data/films.csv", help="a table of films")

    @step
    def start(self):
        self.table = pd.read_csv(StringIO(self.films))
        self.genres = sorted(set(self.table["genre"]))
        self.next(self.measure, foreach="genres")

    @step
    def measure(self):
        self.genre = self.input
        earned = self.table.loc[self.table["genre"] == self.genre, "earned"]
        self.statistics = {"count": len(earned), "median": float(earned.median()), "most": int(earned.max())}
        self.next(self.rank)

    @step
    def rank(self, inputs):
        self.by_genre = {one.genre: one.statistics for one in inputs}
        self.ranking = sorted(self.by_genre, key=lambda genre: -self.by_genre[genre]["median"])
        self.next(self.end)

    @step
    def end(self):
        self.best = self.ranking[0]


if __name__ == "__main__":
    Playlist()
