"""``IncludeFile``: a file whose content is an artifact of the run."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stepwell.errors import FlowError, ParameterError
from stepwell.flow.commandline import frozen
from stepwell.flow.parameters import Parameter


class IncludeFile(Parameter):
    """A parameter that takes a file: ``run --NAME PATH``; ``self.ATTRIBUTE`` is the file's content.

    The file is read once, when the run starts. ``step-functions trigger`` reads it where it is
    called and sends the content along; the default of a deployed flow is as it was at ``create``.

    Args:
        name: its name on the command line.
        default: a path, relative to the working folder, or a function that returns one, as of
            `Parameter`; None where the run may do without the file.
        required: whether a run without a file is refused.
        is_text: whether the content is text; else it is bytes.
        encoding: of the text.
        help: a line for ``--help``.

    Raises:
        FlowError: a default stands beside ``required=True``, or is no path.
    """

    word = "file"

    def __init__(
        self,
        name: str,
        default: str | Path | Callable[[], str | Path] | None = None,
        *,
        required: bool = False,
        is_text: bool = True,
        encoding: str = "utf-8",
        help: str | None = None,
        show_default: bool = True,
    ) -> None:
        if not (default is None or callable(default) or isinstance(default, str | Path)):
            raise FlowError(f"file '{name}': received default={default!r}; a default is the path of a file")
        super().__init__(name, type=str, required=required, help=help, show_default=show_default)
        if required and default is not None:
            raise FlowError(
                f"file '{name}': received required=True and default={default!r}; "
                "a file with a default is never missing: leave one of them out"
            )
        self.default, self.is_text, self.encoding = default, is_text, encoding

    @property
    def kind(self) -> str:
        return "the path of a file"

    @property
    def metavar(self) -> str:
        return "PATH"

    def value(self, given: Mapping[str, Any]) -> Any:
        """The content for a run that was given these, by name: a path, or what `portable` gave.

        Raises:
            ParameterError: the file is missing though required, or can't be read.
        """
        deployed = frozen().files
        if self.name not in given and self.name in deployed:
            return self.convert(deployed[self.name])
        if self.name not in given and self.default is not None and not callable(self.default):
            return self.convert(self.default)
        return super().value(given)

    def convert(self, value: Any) -> Any:
        """The content of the file at a path, or that which `portable` has packed.

        Raises:
            ParameterError: the file can't be read, or is no text.
        """
        if isinstance(value, dict):
            return value["text"] if "text" in value else base64.b64decode(value["base64"])
        try:
            path = Path(value)
            data = path.read_bytes()
            return data.decode(self.encoding) if self.is_text else data
        except (OSError, TypeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise ParameterError(
                f"file '{self.name}': received {str(value)!r}, which can't be read ({why}); "
                f"give the path of a file from {Path.cwd()}: --{self.name} PATH"
            ) from None
        except UnicodeDecodeError as error:
            raise ParameterError(
                f"file '{self.name}': received {str(value)!r}, which is no {self.encoding} text "
                f"(byte {error.start}); declare it with is_text=False, or with its encoding"
            ) from None
        except LookupError:
            raise ParameterError(
                f"file '{self.name}': received encoding={self.encoding!r}, which Python does not know; "
                "name one such as 'utf-8' or 'latin-1'"
            ) from None

    def portable(self, given: Any) -> dict[str, str]:
        """The content as JSON."""
        content = self.convert(given)
        return {"text": content} if self.is_text else {"base64": base64.b64encode(content).decode()}

    def default_content(self) -> dict[str, str] | None:
        """The content of the default as `portable` gives it; None where there is no default.

        Raises:
            ParameterError: it can't be read.
        """
        if self.default is None:
            return None
        path = self.called(self.default) if callable(self.default) else self.default
        return self.portable(path)
