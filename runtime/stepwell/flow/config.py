"""``Config``: a document that the flow is configured with, known while its class is being made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from stepwell.errors import FlowError
from stepwell.flow.commandline import CONFIG, CONFIG_VALUE, frozen, pairs
from stepwell.flow.configvalue import ConfigValue
from stepwell.flow.given import Given


class ConfigSource(Given):
    """Where a config comes from, and its values once they are asked for."""

    word = "config"

    def __init__(
        self,
        name: str,
        default: str | Path | Callable[[], str | Path] | None,
        default_value: Mapping[str, Any] | str | Callable[[], Any] | None,
        parser: Callable[[str], Mapping[str, Any]] | None,
        required: bool,
        help: str | None,
    ) -> None:
        super().__init__(name, help)
        if default is not None and default_value is not None:
            raise FlowError(
                f"config '{name}': received default={default!r} and default_value={default_value!r}; "
                "give the file or the document, not both"
            )
        self._default, self._default_value = default, default_value
        self._parser, self._required = parser, required

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """The values, all of JSON's types; None where there is no config.

        Raises:
            FlowError: the file can't be read, or is no document.
        """
        deployed = frozen().configs
        if self.name in deployed:
            return deployed[self.name]
        texts, files = pairs(CONFIG_VALUE), pairs(CONFIG)
        if self.name in texts and self.name in files:
            raise self.refuse(f"{CONFIG} {files[self.name]}", f"is given beside {CONFIG_VALUE}")
        if self.name in texts:
            return self._parsed(texts[self.name], CONFIG_VALUE)
        if self.name in files:
            return self._read(files[self.name])
        if self._default is not None:
            return self._read(self._called(self._default))
        if self._default_value is not None:
            return self._parsed(self._called(self._default_value), "its default_value")
        if self._required:
            raise self.refuse("no value", "is not enough for a config that is required")
        return None

    def value(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The artifact: a dictionary, plain for those who read it elsewhere."""
        return self.document

    def shown(self, artifact: dict[str, Any] | None) -> ConfigValue | None:
        return None if artifact is None else ConfigValue(artifact, self.name)

    def _called(self, default: Any) -> Any:
        return self.called(default) if callable(default) else default

    def _read(self, file: str | Path) -> dict[str, Any]:
        try:
            text = Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "no UTF-8 text"
            raise self.refuse(f"the file '{file}'", f"can't be read ({why})") from None
        return self._parsed(text, f"the file '{file}'", toml=Path(file).suffix == ".toml")

    def _parsed(self, document: Any, source: str, toml: bool = False) -> dict[str, Any]:
        import tomllib

        try:
            if isinstance(document, str):
                parse: Callable[[str], Any] = self._parser or (tomllib.loads if toml else json.loads)
                document = parse(document)
            if not isinstance(document, Mapping):
                raise TypeError(f"a mapping is needed, not {type(document).__name__}")
            plain: dict[str, Any] = json.loads(json.dumps(dict(document)))
            return plain
        except Exception as error:  # the user's parser may raise anything
            what = f"is no document of JSON's types ({type(error).__name__}: {error})"
            raise self.refuse(source, what) from None

    def refuse(self, received: str, why: str) -> FlowError:
        return FlowError(
            f"config '{self.name}': received {received}, which {why}; "
            f"give {CONFIG} {self.name} FILE (.toml or .json), or {CONFIG_VALUE} {self.name} '{{...}}', "
            "before the command"
        )


class Config(ConfigValue):
    """A document in TOML or JSON: ``--config NAME FILE`` or ``--config-value NAME '{...}'``.

    ``cfg = Config("cfg", default="config.toml")`` in the class body can be an argument of
    decorators below it, ``@resources(memory=cfg.memory)``, and is ``self.cfg`` in steps. A deployed
    flow has the values that ``step-functions create`` found.

    Args:
        name: its name on the command line.
        default: a file, relative to the working folder, or a function that returns one, as of `Parameter`.
        default_value: a document in place of a file: a mapping, its text, or a function that returns one.
        parser: takes the text and returns a mapping; by default TOML where the file is ``.toml``, else JSON.
        required: whether a flow without the config is refused; without it, its value is None.
        help: a line for ``--help``.

    Raises:
        FlowError: `default` and `default_value` are both there.
    """

    __slots__ = ("_source",)
    _source: ConfigSource

    def __init__(
        self,
        name: str,
        default: str | Path | Callable[[], str | Path] | None = None,
        default_value: Mapping[str, Any] | str | Callable[[], Any] | None = None,
        *,
        parser: Callable[[str], Mapping[str, Any]] | None = None,
        required: bool = False,
        help: str | None = None,
    ) -> None:
        source = ConfigSource(name, default, default_value, parser, required, help)
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_name", name)

    @property
    def _values(self) -> dict[str, Any]:  # type: ignore[override]
        document: dict[str, Any] | None = self._source.document
        if document is None:
            refused: FlowError = self._source.refuse("no value", "has nothing to read")
            raise refused
        return document

    def __getattr__(self, key: str) -> Any:
        try:
            return super().__getattr__(key)
        except AttributeError as error:
            raise _NoSuchValue(*error.args) from None

    def __set_name__(self, owner: type, attribute: str) -> None:
        self._source.__set_name__(owner, attribute)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else self._source.__get__(instance, owner)

    def __set__(self, instance: Any, value: Any) -> None:
        self._source.__set__(instance, value)


class _NoSuchValue(FlowError, AttributeError):
    """A flow's class reads a value that its config has not."""


def given_of(value: object) -> Given | None:
    """What a class attribute of a flow is given from outside, if it is of that kind."""
    return value._source if isinstance(value, Config) else value if isinstance(value, Given) else None
