"""Where tables are kept: a SQLite catalog and a local folder, or Glue and S3.

STEPWELL_ENVIRONMENT alone decides; everything above is the same for both.
See ``docs/decisions/0040-tables-follow-the-environment.md``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from stepwell import aws, config
from stepwell.tables.catalog import TableCatalog


def open_catalog(environ: Mapping[str, str] = os.environ) -> TableCatalog:
    """The catalog of the environment that STEPWELL_ENVIRONMENT names, else the one in STEPWELL_HOME.

    Raises:
        UsageError: STEPWELL_ENVIRONMENT has another form.
        ContractError: there is no such environment.
        TableError: the local catalog can't be opened.
    """
    name = aws.environment_name(environ)
    if name is None:
        from stepwell.tables.local import LocalCatalog

        return LocalCatalog(config.home(environ))
    from stepwell.tables.glue import GlueCatalog

    return GlueCatalog(name, aws.contract(name), environ)
