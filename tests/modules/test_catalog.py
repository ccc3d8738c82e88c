from __future__ import annotations

from tests.synthesis import Synthesized, settings, synthesized


def databases(made: Synthesized) -> dict[str, str]:
    return {
        body["name"]: made.resolved(body["location_uri"])
        for body in made.all("aws_glue_catalog_database").values()
    }


def test_facts_and_each_project_have_a_database(demo: Synthesized) -> None:
    """Databases are named after the environment, projects' with a word more; files lie in warehouse/."""
    bucket = "s3://stepwell-growth-dev-123456789012/warehouse"
    assert databases(demo) == {
        "stepwell_growth_dev_facts": f"{bucket}/facts/",
        "stepwell_growth_dev_project_flights": f"{bucket}/project/flights/",
    }


def test_without_projects_there_are_facts() -> None:
    """A team without a project has the database of facts alone."""
    assert list(databases(synthesized(settings(projects=[])))) == ["stepwell_growth_dev_facts"]
