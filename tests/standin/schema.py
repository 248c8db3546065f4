"""The Bot API's own description of its methods, as a judge of requests."""

import functools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from standin.parameters import Upload

_ARRAY = "Array of "
_PLAIN: dict[str, type | tuple[type, ...]] = {"Integer": int, "Float": (int, float), "String": str, "Boolean": bool}


@functools.cache
def _load(path: Path) -> dict[str, Any]:
    description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return description


class Schema:
    """Judges requests by a machine-readable description of the Bot API (``{"methods": …, "types": …}``)."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._methods = description["methods"]
        self._types = description["types"]

    @classmethod
    def of_corpus(cls) -> Self | None:
        """The description in the corpus that ``HEARSAY_CORPUS`` points at, or None without one."""
        corpus = os.environ.get("HEARSAY_CORPUS")
        path = Path(corpus, "telegram", "api.json") if corpus else None
        return cls(_load(path)) if path and path.exists() else None

    def violations(self, method: str, parameters: Mapping[str, Any]) -> list[str]:
        """Everything in a request that the Bot API does not know, misses, or knows as another type."""
        if method not in self._methods:
            return [f"{method} is no method of the Bot API"]
        return list(self._fields(method, self._methods[method].get("fields", []), parameters))

    def _fields(self, path: str, fields: list[dict[str, Any]], values: Mapping[str, Any]) -> Iterator[str]:
        known = {field["name"]: field for field in fields}
        yield from (f"{path}: {name} is not known" for name in values.keys() - known.keys())
        for name, field in known.items():
            if name in values:
                yield from self._any(f"{path}.{name}", field["types"], values[name])
            elif field["required"]:
                yield f"{path}: {name} is missing"

    def _any(self, path: str, types: list[str], value: Any) -> list[str]:
        answers = [list(self._one(path, name, value)) for name in types]
        return min(answers, key=len)

    def _one(self, path: str, name: str, value: Any) -> Iterator[str]:
        if name in _PLAIN:
            if not isinstance(value, _PLAIN[name]) or (isinstance(value, bool) and name != "Boolean"):
                yield f"{path} is no {name}: {value!r}"
        elif name == "InputFile":
            if not isinstance(value, Upload):
                yield f"{path} is no file: {value!r}"
        elif name.startswith(_ARRAY):
            yield from self._array(path, name.removeprefix(_ARRAY), value)
        elif subtypes := self._types[name].get("subtypes"):
            yield from self._any(path, subtypes, value)
        elif isinstance(value, Mapping):
            yield from self._fields(path, self._types[name].get("fields", []), value)
        else:
            yield f"{path} is no {name}: {value!r}"

    def _array(self, path: str, name: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path} is no array: {value!r}"
            return
        for index, item in enumerate(value):
            yield from self._one(f"{path}[{index}]", name, item)
