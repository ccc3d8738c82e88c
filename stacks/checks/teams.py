"""Mistakes in teams: who is who, and what is called how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from modules.names import ROLE_NAME_LIMIT, Names
from stacks.checks.tables import fact_mistakes
from stacks.mistakes import Mistake, Place, dotted
from stacks.schema import Settings, Team
from stepwell.contract import FACTS, EnvironmentName


def team_mistakes(settings: Settings) -> Iterator[Mistake]:
    """Mistakes of all teams, their users and projects."""
    yield from _shared_prefixes(settings)
    for name, team in settings.teams.items():
        place = ("teams", name)
        yield from _twice((*place, "users"), [user.name for user in team.users])
        yield from _twice((*place, "projects"), [project.name for project in team.projects])
        yield from _sessions(place, team)
        for table, fact in team.facts.items():
            yield from fact_mistakes((*place, "facts", table), fact)
        yield from _projects(place, team, list(settings.foundation.oidc))
        for key in team.environments:
            yield from _long_names(place, EnvironmentName(name, key), team)


def _shared_prefixes(settings: Settings) -> Iterator[Mistake]:
    """A team named like another's environment would share its prefix, which guards what is whose."""
    for team in settings.teams:
        for other, its in settings.teams.items():
            for key in its.environments:
                taken = str(EnvironmentName(other, key))
                if f"{team}-".startswith(f"{taken}-"):
                    yield (
                        ("teams", team),
                        f"received {team!r}, which begins with {taken!r}, the environment {key!r} of team "
                        f"{other!r}: their resources would share names; rename one of them",
                    )


def _twice(place: Place, names: Sequence[str]) -> Iterator[Mistake]:
    for index, name in enumerate(names):
        if name in names[:index]:
            first = f"{dotted(place)}[{names.index(name)}]"
            yield (
                (*place, index, "name"),
                f"received {name!r}, which {first} has already; a name is allowed once: "
                "remove or rename one of them",
            )


def _sessions(place: Place, team: Team) -> Iterator[Mistake]:
    """Whoever may assume any role of an account may call the session what he likes."""
    for index, user in enumerate(team.users):
        if user.session and not (user.principals or team.principals):
            yield (
                (*place, "users", index, "session"),
                f"received {user.session!r}, but no principals: name the roles whose sessions are meant "
                f"with principals of {user.name} or of the team",
            )


def _projects(place: Place, team: Team, issuers: Sequence[str]) -> Iterator[Mistake]:
    users = [user.name for user in team.users]
    for index, project in enumerate(team.projects):
        here = (*place, "projects", index)
        if project.name == FACTS:
            yield (
                (*here, "name"),
                f"received {FACTS!r}, the database of facts that every environment has; choose another name",
            )
        for number, deployer in enumerate(project.deployers or ()):
            if deployer not in users:
                yield (
                    (*here, "deployers", number),
                    f"received {deployer!r}; allowed are the team's users: {_named(deployer, users)}",
                )
        for number, pipeline in enumerate(project.ci):
            if pipeline.oidc not in issuers:
                yield (
                    (*here, "ci", number, "oidc"),
                    f"received {pipeline.oidc!r}; allowed are the tables of foundation.oidc: "
                    f"{_named(pipeline.oidc, issuers)}",
                )
            for subject_number, subject in enumerate(pipeline.subjects):
                if not subject.strip("*?"):
                    yield (
                        (*here, "ci", number, "subjects", subject_number),
                        f"received {subject!r}, which is everybody with a token of {pipeline.oidc!r}; name "
                        "the pipeline, such as 'repo:acme/flights:ref:refs/heads/main'",
                    )


def _named(wrong: str, allowed: Sequence[str]) -> str:
    near = get_close_matches(wrong, allowed, n=1)
    return (", ".join(allowed) or "none is there") + (f"; did you mean {near[0]!r}?" if near else "")


def _long_names(place: Place, name: EnvironmentName, team: Team) -> Iterator[Mistake]:
    owned: dict[str, tuple[str, Iterable[str]]] = {
        "users": ("user", [user.name for user in team.users]),
        "projects": ("project", [project.name for project in team.projects]),
    }
    for table, (kind, owners) in owned.items():
        for index, owner in enumerate(owners):
            role = Names.of(name).execution_role(f"{kind}/{owner}")
            over = len(role) - ROLE_NAME_LIMIT
            if over > 0:
                yield (
                    (*place, table, index, "name"),
                    f"received {owner!r}; its IAM role {role!r} would have {len(role)} characters, "
                    f"allowed are {ROLE_NAME_LIMIT}: shorten it, the team's or the environment's by {over}",
                )
