"""Each mistake in environments.toml is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.settings import load
from stepwell.errors import SettingsError
from tests.stacks.settingsfile import DEV, GOOD, mistakes


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            'image = "stepwell:latest"',
            'imag = "stepwell:latest"\nimage = "i"',
            f"{DEV}.compute.imag: received an unknown key; "
            "allowed are image, images, queues, project_share, share_decay_minutes, reclaims, "
            "runnable_minutes, "
            "capacity_minutes, task_disk_gib, instance_disk_gib; did you mean 'image'?",
        ),
        (
            "[teams.growth.environments.dev]",
            "[other]\n[teams.growth.environments.dev]",
            "other: received an unknown key; allowed are foundation, teams",
        ),
        (
            'role = "data-scientist" }',
            'rol = "x", role = "data-scientist" }',
            "teams.growth.users[0].rol: received an unknown key; "
            "allowed are name, role, principals, session; did you mean 'role'?",
        ),
        (
            'image = "stepwell:latest"',
            "",
            f"{DEV}.compute.image: received nothing; it must be set",
        ),
        (
            'name = "dana"',
            'name = "ada"',
            "teams.growth.users[1].name: received 'ada', which teams.growth.users[0] has already; "
            "a name is allowed once: remove or rename one of them",
        ),
        (
            '["flights"]',
            '["flights", { name = "flights" }]',
            "teams.growth.projects[1].name: received 'flights', which teams.growth.projects[0] has already; "
            "a name is allowed once: remove or rename one of them",
        ),
        (
            '[{ name = "ada", role = "data-scientist" }, { name = "dana", role = "data-engineer" }]',
            "[]",
            "teams.growth.users: received []; at least one is needed",
        ),
        (
            '"data-scientist"',
            '"scientist"',
            "teams.growth.users[0].role: received 'scientist'; "
            "allowed are 'data-scientist' or 'data-engineer'; did you mean 'data-scientist'?",
        ),
        (
            'name = "ada"',
            'name = "ada-l"',
            "teams.growth.users[0].name: received 'ada-l'; must be 1 to 30 lower-case letters, digits and "
            "underscores, a letter first and no hyphen, such as 'ada_l'",
        ),
        (
            '["flights"]',
            '["Flights"]',
            "teams.growth.projects[0].name: received 'Flights'; must be 1 to 30 lower-case letters, digits "
            "and underscores, a letter first and no hyphen, such as 'ada_l'",
        ),
        (
            "teams.growth",
            "teams.Growth",
            "teams.Growth: received 'Growth'; must be 1 to 20 lower-case letters, digits and hyphens, "
            "a letter first, such as 'growth'",
        ),
        (
            "environments.dev",
            "environments.dev-1",
            "teams.growth.environments.dev-1: received 'dev-1'; must be 1 to 12 lower-case letters and "
            "digits, a letter first, such as 'dev'",
        ),
        (
            "environments.dev",
            "environments.user",
            "teams.growth.environments.user: received 'user'; must be another name: 'user' and 'project' "
            "begin the names of namespaces",
        ),
        (
            '["flights"]',
            '["facts"]',
            "teams.growth.projects[0].name: received 'facts', the database of facts that every environment "
            "has; choose another name",
        ),
        (
            '["flights"]',
            '[{ name = "flights", deployers = ["eve"] }]',
            "teams.growth.projects[0].deployers[0]: received 'eve'; allowed are the team's users: ada, dana",
        ),
        (
            '["flights"]',
            f'["{"a" * 28}"]\n[teams.growth.environments.production]\nregion = "us-east-1"\n'
            'compute = { image = "i" }',
            f"teams.growth.projects[0].name: received '{'a' * 28}'; its IAM role "
            f"'stepwell-growth-production-project-{'a' * 28}-sfn' would have 67 characters, allowed are 64: "
            "shorten it, the team's or the environment's by 3",
        ),
        (
            '"us-east-1"',
            '"virginia"',
            f"{DEV}.region: received 'virginia'; must be an AWS region such as 'us-east-1'",
        ),
        (
            'region = "us-east-1"',
            'region = "us-east-1"\naccount = "1234"',
            f"{DEV}.account: received '1234'; must be the 12 digits of an AWS account",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.fargate.max_vcpus = "16"',
            f"{DEV}.compute.queues.fargate.max_vcpus: received '16'; it should be a valid integer",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.fargate.max_vcpus = 0',
            f"{DEV}.compute.queues.fargate.max_vcpus: received 0; it should be greater than or equal to 1",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.fargate.type = "fargate"',
            f"{DEV}.compute.queues.fargate.type: received 'fargate'; allowed are 'FARGATE', 'FARGATE_SPOT', "
            "'EC2' or 'SPOT'; did you mean 'FARGATE'?",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.on-spot.type = "SPOT"',
            f"{DEV}.compute.queues.on-spot: received 'on-spot'; must be 1 to 20 lower-case letters and "
            "digits, "
            "a letter first, such as 'spot'",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.fargate.instance_types = ["m5"]',
            f"{DEV}.compute.queues.fargate.instance_types: received ['m5']; Fargate has no instances: remove "
            'it, or set type = "EC2" or "SPOT"',
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues = { ' + ", ".join(f"q{number} = {{}}" for number in range(12)) + " }",
            f"{DEV}.compute.queues: received 12; at most 8 are allowed",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.big = { type = "EC2", instance_types = ["m5.xlrge"] }',
            f"{DEV}.compute.queues.big.instance_types[0]: received 'm5.xlrge'; must be a family of instances "
            "(c5, m5, r5, c6i, m6i, r6i, c7i, m7i, r7i, g4dn, g5, g6, p4d, p5) or a type of one, such as "
            "'m5.xlarge'; did you mean 'm5.xlarge'?",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.big = { type = "EC2", instance_types = ["m5", "g5"] }',
            f"{DEV}.compute.queues.big.instance_types: received ['m5', 'g5'], some with GPUs and some "
            "without: "
            "make a queue of each, for each needs machine images of its own",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nqueues.big = { type = "EC2", instance_types = ["p5"], max_vcpus = 96 }',
            f"{DEV}.compute.queues.big.max_vcpus: received 96, but the smallest of p5 has 192 vCPUs: no "
            "machine "
            "could start; raise it",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nimages.default = "j"',
            f"{DEV}.compute.images.default: received 'default'; must be another name: 'default' is that of "
            "compute.image",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\nrunnable_minutes = 5',
            f"{DEV}.compute.runnable_minutes: received 5; it should be greater than or equal to 10",
        ),
        (
            'projects = ["flights"]',
            'projects = ["flights"]\nfacts.flights = { columns = { at = "timestmp" } }',
            "teams.growth.facts.flights.columns.at: received 'timestmp'; must be a type of Iceberg: boolean, "
            "int, long, float, double, date, time, timestamp, timestamptz, string, uuid, binary, decimal(P, "
            "S) or fixed[N]; did you mean 'timestamp'?",
        ),
        (
            'projects = ["flights"]',
            'projects = ["flights"]\nfacts.Flights = { columns = { at = "timestamp" } }',
            "teams.growth.facts.Flights: received 'Flights'; must be 1 to 100 lower-case letters, digits and "
            "underscores, a letter first, such as 'flights'",
        ),
        (
            'projects = ["flights"]',
            'projects = ["flights"]\nfacts.flights = { partition = ["day(att)"], columns.at = "timestamp" }',
            "teams.growth.facts.flights.partition[0]: received 'day(att)'; allowed are the table's columns: "
            "at; did you mean 'at'?",
        ),
        (
            'projects = ["flights"]',
            'projects = ["flights"]\nfacts.flights = { partition = ["day(at)"], columns.at = "string" }',
            "teams.growth.facts.flights.partition[0]: received 'day(at)', but at is a string, of which "
            "Iceberg has no day; partition by the column itself, or by bucket(16, at)",
        ),
        (
            'projects = ["flights"]',
            'projects = ["flights"]\nfacts.flights = { columns = { at = "date" }, partition = ["week(at)"] }',
            "teams.growth.facts.flights.partition[0]: received 'week(at)'; must be a column, or year, month, "
            "day or hour of one, such as 'day(departure)', or 'bucket(16, id)' or 'truncate(4, name)'",
        ),
        (
            'projects = ["flights"]',
            'projects = ["flights"]\nfacts.flights = { columns = { at = "date" }, required = ["att"] }',
            "teams.growth.facts.flights.required[0]: received 'att'; allowed are the table's columns: at; "
            "did you mean 'at'?",
        ),
        (
            'region = "us-east-1"',
            'region = "us-east-1"\nnotifications.emails = ["ada"]',
            f"{DEV}.notifications.emails[0]: received 'ada'; must be an address such as 'team@example.com'",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\n[teams.growth.environments.dev.network]\nmode = "vpn"',
            f"{DEV}.network.mode: received 'vpn'; allowed are 'public', 'private' or 'existing'",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\n[teams.growth.environments.dev.network]\nvpc_id = "vpc-12345678"',
            f"{DEV}.network.vpc_id: received 'vpc-12345678', which mode = \"public\" has no use for: remove "
            'it, or set mode = "existing"',
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\n[teams.growth.environments.dev.network]\nmode = "existing"\nvpc_id = '
            '"vpc-12345678"',
            f'{DEV}.network.subnet_ids: received nothing; mode = "existing" needs it: set it to what is '
            "there",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\n[teams.growth.environments.dev.network]\nvpc_id = "main"',
            f"{DEV}.network.vpc_id: received 'main'; must be the id of one that is there, such as "
            "'vpc-0a1b2c3d4e5f60718'",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\n[teams.growth.environments.dev.network]\ncidr = "8.0.0.0/16"',
            f"{DEV}.network.cidr: received '8.0.0.0/16'; "
            "must be a private IPv4 block of /16 to /24, such as '10.0.0.0/16'",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\n[teams.growth.environments.dev.network]\ncidr = "10.0.0.1/16"',
            f"{DEV}.network.cidr: received '10.0.0.1/16'; must be a private IPv4 block of /16 to /24, "
            "such as '10.0.0.0/16': 10.0.0.1/16 has host bits set",
        ),
        (
            'image = "stepwell:latest"',
            'image = "i"\n[teams.growth.environments.dev.datastore]\nforce_destroy = true',
            f"{DEV}.datastore.force_destroy_confirm: received None; force_destroy = true lets "
            "`cdktf destroy growth-dev` delete all data of growth-dev: confirm it with "
            'force_destroy_confirm = "growth-dev", or set force_destroy = false',
        ),
        (
            '{ name = "ada", role',
            '{ name = "ada", principals = ["*"], role',
            "teams.growth.users[0].principals[0]: received '*'; must be the ARN (* and ? allowed behind the "
            "account) of who may assume the role, such as 'arn:aws:iam::123456789012:role/"
            "aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_DataScience_*'",
        ),
        (
            "[teams.growth.environments.dev]",
            '[teams.foundation-b]\nusers = [{ name = "eve", role = "data-scientist" }]\n'
            '[teams.foundation-b.environments.dev]\nregion = "us-east-1"\ncompute = { image = "i" }\n'
            "[teams.growth.environments.dev]",
            "teams.foundation-b: received 'foundation-b'; must be another name: 'foundation' is the stack "
            "that all teams share",
        ),
        (
            '{ name = "ada", role',
            '{ name = "ada", session = "ada@example.com", role',
            "teams.growth.users[0].session: received 'ada@example.com', but no principals: name the roles "
            "whose "
            "sessions are meant with principals of ada or of the team",
        ),
        (
            '{ name = "ada", role',
            '{ name = "ada", session = "*", role',
            "teams.growth.users[0].session: received '*'; must be a session's name without wildcards, such "
            "as "
            "'ada@example.com'",
        ),
        (
            '["flights"]',
            '[{ name = "flights", ci = [{ oidc = "githb", subjects = ["repo:acme/flights:*"] }] }]\n'
            '[foundation.oidc.github]\nurl = "https://token.actions.githubusercontent.com"',
            "teams.growth.projects[0].ci[0].oidc: received 'githb'; allowed are the tables of "
            "foundation.oidc: "
            "github; did you mean 'github'?",
        ),
        (
            '["flights"]',
            '[{ name = "flights", ci = [{ oidc = "github", subjects = ["*"] }] }]\n'
            '[foundation.oidc.github]\nurl = "https://token.actions.githubusercontent.com"',
            "teams.growth.projects[0].ci[0].subjects[0]: received '*', which is everybody with a token of "
            "'github'; name the pipeline, such as 'repo:acme/flights:ref:refs/heads/main'",
        ),
        (
            "[teams.growth]",
            '[foundation.oidc.github]\nurl = "http://example.com"\n[teams.growth]',
            "foundation.oidc.github.url: received 'http://example.com'; must be an https URL without a "
            "slash at "
            "its end, such as 'https://token.actions.githubusercontent.com'",
        ),
        (
            "[teams.growth]",
            '[foundation]\nstate = "s4"\n[teams.growth]',
            "foundation.state: received 's4'; allowed are 'local' or 's3'",
        ),
        (
            "[teams.growth]",
            '[foundation]\nstate = "s3"\n[teams.growth]',
            f'{DEV}.account: received nothing; foundation.state = "s3" keeps states in a bucket named '
            "after the "
            "account: set it to the account's 12 digits",
        ),
        (
            "[teams.growth]",
            "[foundation]\nforce_destroy = true\n[teams.growth]",
            "foundation.force_destroy_confirm: received None; force_destroy = true lets `cdktf destroy "
            "foundation` delete all data of foundation: confirm it with force_destroy_confirm = "
            '"foundation", '
            "or set force_destroy = false",
        ),
        (
            "[teams.growth.environments.dev]",
            '[teams.growth.environments.prod]\nregion = "us-east-1"\naccount = "123456789012"\n'
            'compute = { image = "i" }\n[teams.growth.environments.dev]',
            f"{DEV}.account: received nothing; other environments name theirs, and this one's may be the "
            "same: "
            "set it to the account's 12 digits",
        ),
        (
            "[teams.growth.environments.dev]",
            '[teams.growth.environments.eu]\nregion = "eu-west-1"\ncompute = { image = "i" }\n'
            "[teams.growth.environments.dev]",
            "foundation.region: received nothing; environments stand in eu-west-1, us-east-1: set it to the "
            "region of what an account has once, such as the states of its stacks",
        ),
        (
            "[teams.growth.environments.dev]",
            '[teams.growth-dev]\nusers = [{ name = "eve", role = "data-scientist" }]\n'
            '[teams.growth-dev.environments.dev]\nregion = "us-east-1"\ncompute = { image = "i" }\n'
            "[teams.growth.environments.dev]",
            "teams.growth-dev: received 'growth-dev', which begins with 'growth-dev', the environment 'dev' "
            "of team 'growth': their resources would share names; rename one of them",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    """A mistake's only line says where it is, the value received and what is allowed."""
    assert old in GOOD
    assert mistakes(tmp_path, GOOD.replace(old, new)) == [line]


def test_several_mistakes_are_several_lines(tmp_path: Path) -> None:
    """All mistakes of a file are told at once, one line each."""
    text = GOOD.replace("region", "regio").replace('"ada"', '"Ada"')
    assert [line.split(":")[0] for line in mistakes(tmp_path, text)] == [
        "teams.growth.users[0].name",
        f"{DEV}.region",
        f"{DEV}.regio",
    ]


def test_an_environment_declared_twice_is_told_with_its_line(tmp_path: Path) -> None:
    """TOML itself allows a table once; the error has its line and column."""
    text = GOOD + '[teams.growth.environments.dev]\nregion = "us-east-1"\n'
    (line,) = mistakes(tmp_path, text)
    assert line.startswith("received a file that is no TOML: Cannot declare")
    assert "(at line 9, column 31); correct it there" in line


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    """A file that is no TOML gives one line with line and column."""
    assert mistakes(tmp_path, "[teams\n") == [
        "received a file that is no TOML: Expected ']' at the end of a table declaration "
        "(at line 1, column 7); correct it there"
    ]


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    """Without the file the error names it, and the folder to run in."""
    path = tmp_path / "environments.toml"
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: can't be read (No such file or directory); it names the teams and environments to deploy: "
        "run where it is, the folder of cdktf.json"
    )
