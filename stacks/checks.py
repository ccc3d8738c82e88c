"""What no single value of the settings shows: names taken twice or too long, sizes that don't fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modules.names import ROLE_NAME_LIMIT, Names
from stacks.mistakes import Place, dotted
from stacks.schema import Environment, Settings, Team
from stepwell.contract import FACTS, FARGATE_SIZES, EnvironmentName


def check(settings: Settings) -> list[str]:
    """A line for each mistake."""
    return [f"{dotted(place)}: {message}" for place, message in _mistakes(settings)]


Mistake = tuple[Place, str]


def _mistakes(settings: Settings) -> Iterator[Mistake]:
    yield from _teams(settings)
    for name, team in settings.teams.items():
        place = ("teams", name)
        yield from _twice((*place, "users"), [user.name for user in team.users])
        yield from _twice((*place, "projects"), [project.name for project in team.projects])
        yield from _projects(place, team)
        for key, environment in team.environments.items():
            here = (*place, "environments", key)
            yield from _sizes(here, environment)
            yield from _two_keys(here, EnvironmentName(name, key), environment)
            yield from _long_names(place, EnvironmentName(name, key), team)


def _teams(settings: Settings) -> Iterator[Mistake]:
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


def _projects(place: Place, team: Team) -> Iterator[Mistake]:
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
                    f"received {deployer!r}; allowed are the team's users: {', '.join(users)}",
                )


def _sizes(place: Place, environment: Environment) -> Iterator[Mistake]:
    compute = environment.compute
    allowed = FARGATE_SIZES[compute.vcpu]
    if compute.memory not in allowed:
        yield (
            (*place, "compute", "memory"),
            f"received {compute.memory!r}; with vcpu = {compute.vcpu:g} Fargate has "
            f"{', '.join(str(size) for size in allowed)} (MiB)",
        )
    if compute.vcpu > compute.max_vcpus:
        yield (
            (*place, "compute", "vcpu"),
            f"received {compute.vcpu:g}, more than max_vcpus = {compute.max_vcpus}: no task could start; "
            "lower it, or raise max_vcpus",
        )


def _two_keys(place: Place, name: EnvironmentName, environment: Environment) -> Iterator[Mistake]:
    datastore = environment.datastore
    confirmed = datastore.force_destroy_confirm
    if datastore.force_destroy and confirmed != str(name):
        yield (
            (*place, "datastore", "force_destroy_confirm"),
            f"received {confirmed!r}; force_destroy = true lets `cdktf destroy {name}` delete all data of "
            f'{name}: confirm it with force_destroy_confirm = "{name}", or set force_destroy = false',
        )


def _long_names(place: Place, name: EnvironmentName, team: Team) -> Iterator[Mistake]:
    names = Names(name)
    owned = {"users": "user", "projects": "project"}
    for table, kind in owned.items():
        for index, owner in enumerate(getattr(team, table)):
            role = names.execution_role(f"{kind}/{owner.name}")
            over = len(role) - ROLE_NAME_LIMIT
            if over > 0:
                yield (
                    (*place, table, index, "name"),
                    f"received {owner.name!r}; its IAM role {role!r} would have {len(role)} characters, "
                    f"allowed are {ROLE_NAME_LIMIT}: shorten it, the team's or the environment's by {over}",
                )
