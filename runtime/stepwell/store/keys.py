"""Where everything lies in the datastore: pure functions from names to keys.

The namespace comes first, so that IAM can guard it by prefix::

    ns/<namespace>/flows/<Flow>/index/<inverted time>.<run>            newest first in a listing
    ns/<namespace>/flows/<Flow>/runs/<run>/run.json                    claimed by conditional put
    ns/<namespace>/flows/<Flow>/runs/<run>/ended.json                  that it ended without its `end`
    ns/<namespace>/flows/<Flow>/runs/<run>/parameters.json             what a trigger was given
    ns/<namespace>/flows/<Flow>/runs/<run>/origin.json                 which run it resumes
    ns/<namespace>/flows/<Flow>/runs/<run>/environments.json           packages of its steps, locked
    ns/<namespace>/flows/<Flow>/runs/<run>/event.json                  the event that started it
    ns/<namespace>/flows/<Flow>/runs/<run>/tasks/<step>/<task>/manifest.parquet   the task's commit
    ns/<namespace>/flows/<Flow>/runs/<run>/tasks/<step>/<task>/<attempt>.log
    ns/<namespace>/flows/<Flow>/runs/<run>/tasks/<step>/<task>/<attempt>.failed.json
    ns/<namespace>/flows/<Flow>/runs/<run>/gangs/<step>/<task>/<attempt>/<node>.parquet  until all are done
    ns/<namespace>/flows/<Flow>/runs/<run>/gangs/<step>/<task>/<attempt>/<node>.alive    that it still runs
    ns/<namespace>/flows/<Flow>/runs/<run>/gangs/<step>/<task>/<attempt>/<node>.failed   why it failed
    ns/<namespace>/flows/<Flow>/runs/<run>/reuse.json                  when its tasks serve later runs
    ns/<namespace>/flows/<Flow>/runs/<run>/earlier/<step>.jsonl        which earlier runs' tasks may serve
    ns/<namespace>/flows/<Flow>/runs/<run>/tags/<tag>                  percent-encoded
    ns/<namespace>/flows/<Flow>/tags/<tag>/<inverted time>.<run>       runs that have, or had, the tag
    ns/<namespace>/flows/<Flow>/runs/<run>/splits/<step>/<task>.json   items of a foreach, choice of a switch
    ns/<namespace>/flows/<Flow>/runs/<run>/tables/<table>/<pin>.json   the snapshot a table is pinned to
    ns/<namespace>/flows/<Flow>/runs/<run>/data/<key>                  what `stepwell.S3` puts there
    ns/<namespace>/objects/<sha256>.<kind>                             large artifacts, content-addressed
    ns/<namespace>/code/<sha256>.tar.zst                               code packages
    ns/<namespace>/code/<sha256>.json                                  the commit that one was packed at
    ns/<namespace>/environments/locks/<asked>.json                     versions for what steps ask for
    ns/<namespace>/environments/builds/<lock>.<platform>.<form>.json   what was built of them
    ns/<namespace>/environments/packs/<sha256>.pack                    environments of packages
    ns/<namespace>/tmp/<name>                                          what nobody misses when it is gone
    warehouse/<database>/<table>/                                      Iceberg
    deployments/<namespace>/<Flow>/<number>.json, .done                who deployed, and the production token

Deployments stand outside of the namespaces, because all of a team may read what is in those.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from stepwell.errors import UsageError

STAGING = ".staging"
"""In a store that is a folder, where files lie that are not yet whole."""

_TABLE_PIN = re.compile(r"ns/(.+)/flows/([^/]+)/runs/([^/]+)/tables/([^/]+)/([^/]+)\.json")
PRODUCTION_RUN = "sfn-"
"""A production run's id is this and the name of its execution."""
_LONGEST_TAG = 200
"""Bytes, percent-encoded: file systems take names of 255."""


def namespace_root(namespace: str) -> str:
    return f"ns/{namespace}/"


def flow_root(namespace: str, flow: str) -> str:
    return f"ns/{namespace}/flows/{flow}/"


def index_root(namespace: str, flow: str) -> str:
    return flow_root(namespace, flow) + "index/"


def run_root(namespace: str, flow: str, run: str) -> str:
    return flow_root(namespace, flow) + f"runs/{run}/"


def run_data(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "data"


def task_root(namespace: str, flow: str, run: str, step: str, task: str) -> str:
    return run_root(namespace, flow, run) + f"tasks/{step}/{task}/"


def manifest(namespace: str, flow: str, run: str, step: str, task: str) -> str:
    return task_root(namespace, flow, run, step, task) + "manifest.parquet"


def gang_root(namespace: str, flow: str, run: str, step: str, task: str, attempt: int) -> str:
    """`task` is that which has split."""
    return run_root(namespace, flow, run) + f"gangs/{step}/{task}/{attempt}/"


def split(namespace: str, flow: str, run: str, step: str, task: str) -> str:
    return run_root(namespace, flow, run) + f"splits/{step}/{task}.json"


def ended(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "ended.json"


def parameters(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "parameters.json"


def origin(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "origin.json"


def reuse(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "reuse.json"


def earlier(namespace: str, flow: str, run: str, step: str) -> str:
    return run_root(namespace, flow, run) + f"earlier/{step}.jsonl"


def event(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "event.json"


def died(namespace: str, flow: str, run: str, step: str, task: str) -> str:
    return task_root(namespace, flow, run, step, task) + "died.json"


def all_table_pins(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "tables/"


def table_pins(namespace: str, flow: str, run: str, table: str) -> str:
    return all_table_pins(namespace, flow, run) + f"{table}/"


def of_table_pin(key: str) -> tuple[str, str, str, str, str] | None:
    """Namespace, flow, run, table and name of a pin of `table_pins`; None of any other key."""
    found = _TABLE_PIN.fullmatch(key)
    return (found[1], found[2], found[3], found[4], found[5]) if found else None


def tags_root(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "tags/"


def tag(namespace: str, flow: str, run: str, name: str) -> str:
    """Raises `UsageError` where `name` can't be a tag."""
    return tags_root(namespace, flow, run) + _encoded_tag(name)


def tag_of(key: str) -> str:
    """The tag that a key of `tag` is of."""
    return unquote(key.rpartition("/")[2])


def tag_index_root(namespace: str, flow: str, name: str) -> str:
    """Raises `UsageError` where `name` can't be a tag."""
    return flow_root(namespace, flow) + f"tags/{_encoded_tag(name)}/"


def _encoded_tag(name: str) -> str:
    # a key has no segment of dots alone
    encoded = quote(name, safe=" :=@+,").replace(".", "%2E") if name.isprintable() else ""
    if not name.strip() or not 0 < len(encoded) <= _LONGEST_TAG:
        raise UsageError(
            f"tag: received {name!r}; a tag is printable text of one line that takes up to {_LONGEST_TAG} "
            "bytes percent-encoded, such as 'best' or 'model:v2'"
        )
    return encoded


def deployments_root(namespace: str, flow: str) -> str:
    return f"deployments/{namespace}/{flow}/"


def object_key(namespace: str, sha256: str, kind: str) -> str:
    return f"ns/{namespace}/objects/{sha256}.{kind}"


def code(namespace: str, sha256: str) -> str:
    return f"ns/{namespace}/code/{sha256}.tar.zst"


def code_revision(namespace: str, sha256: str) -> str:
    return f"ns/{namespace}/code/{sha256}.json"


def environments(namespace: str) -> str:
    return f"ns/{namespace}/environments/"


def pack(name: str) -> str:
    """Below `environments`, and on a machine that keeps it."""
    return f"packs/{name}.pack"


def run_environments(namespace: str, flow: str, run: str) -> str:
    return run_root(namespace, flow, run) + "environments.json"


def temporary(namespace: str, name: str) -> str:
    return f"ns/{namespace}/tmp/{name}"
