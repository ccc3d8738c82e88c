"""The kinds of single values in ``environments.toml``."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

# CloudWatch Logs, PutRetentionPolicy.
Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


def matching(pattern: str, must_be: str) -> AfterValidator:
    """Of text: it has to match the whole pattern; `must_be` says so to people."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {must_be}")
        return value

    return AfterValidator(check)


TeamName = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9-]{0,19}",
        "1 to 20 lower-case letters, digits and hyphens, a letter first, such as 'growth'",
    ),
    matching(r"(?!foundation(-|$)).*", "another name: 'foundation' is the stack that all teams share"),
]
EnvironmentKey = Annotated[
    str,
    matching(r"[a-z][a-z0-9]{0,11}", "1 to 12 lower-case letters and digits, a letter first, such as 'dev'"),
    matching(r"(?!(user|project)$).*", "another name: 'user' and 'project' begin the names of namespaces"),
]
Name = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9_]{0,29}",
        "1 to 30 lower-case letters, digits and underscores, a letter first and no hyphen, such as 'ada_l'",
    ),
]
TableName = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9_]{0,99}",
        "1 to 100 lower-case letters, digits and underscores, a letter first, such as 'flights'",
    ),
]
Region = Annotated[str, matching(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region such as 'us-east-1'")]
Account = Annotated[str, matching(r"\d{12}", "the 12 digits of an AWS account")]
Principal = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:(iam|sts)::\d{12}:.+",
        "the ARN (* and ? allowed behind the account) of who may assume the role, such as "
        "'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_DataScience_*'",
    ),
]
Session = Annotated[
    str, matching(r"[\w+=,.@-]{2,64}", "a session's name without wildcards, such as 'ada@example.com'")
]
Email = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as 'team@example.com'")]
Url = Annotated[
    str,
    matching(
        r"https://[a-z0-9.-]+(/[\w.~/-]*[\w~-])?",
        "an https URL without a slash at its end, such as 'https://token.actions.githubusercontent.com'",
    ),
]


class Model(BaseModel):
    """A table of settings: no other keys than these, and no value is bent into shape."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TwoKeys(Model):
    """What may destroy data: both keys have to be turned (docs/decisions/0013)."""

    force_destroy: bool = False
    force_destroy_confirm: str | None = None
