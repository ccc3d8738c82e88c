"""The skeleton that topics.py has grown from: the steps and what passes between them, no model yet.

::

    python skeleton.py run
"""

from collections import Counter

from topics import read, shipped

from stepwell import FlowSpec, IncludeFile, step


class Skeleton(FlowSpec):
    """Read the reviews, and put one in a group by its longest word: any rule will do for a start."""

    reviews = IncludeFile("reviews", default=shipped, is_text=False, help="a zip of tab-separated reviews")

    @step
    def start(self):
        """Read the reviews."""
        self.texts = [row["text"] for row in read(self.reviews)]
        self.next(self.cluster)

    @step
    def cluster(self):
        """Group them."""
        self.labels = [len(max(text.split(), key=len, default="")) for text in self.texts]
        self.next(self.end)

    @step
    def end(self):
        """Say how large the groups are."""
        for label, size in Counter(self.labels).most_common(5):
            print(f"{size:>5} reviews whose longest word has {label} letters")


if __name__ == "__main__":
    Skeleton()
