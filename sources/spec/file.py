"""Reading a source file: YAML to frozen models, or one sentence that says what to mend and where.

Belongs here: the file, its place names and its errors. Doesn't: what the words mean (spec).
"""

from pathlib import Path

import yaml
from pydantic import ValidationError

from sources.errors import SpecError
from sources.spec.systems import SourcesSpec

PACKAGED = Path(__file__).parent.parent / "sources.yml"
SIZE_LIMIT = 2_000_000


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML where a key given twice is an error: the second would silently replace the first."""


def _mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[object, object]:
    loader.flatten_mapping(node)
    pairs = [(loader.construct_object(key), value) for key, value in node.value]
    seen: set[object] = set()
    for (key, _), (key_node, _) in zip(pairs, node.value, strict=True):
        if key in seen:
            line = key_node.start_mark.line + 1
            raise yaml.MarkedYAMLError(
                problem=f"{key!r} is given twice; keep one (line {line})",
                problem_mark=key_node.start_mark,
            )
        seen.add(key)
    return {key: loader.construct_object(value, deep=True) for key, value in pairs}


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_spec(path: Path | None = None) -> SourcesSpec:
    """Read and check a source file; without a path, the packaged one.

    Raises:
        SpecError: the file can't be read, isn't YAML, or says something that isn't allowed.
    """
    chosen = path or PACKAGED
    document = _read_yaml(chosen)
    try:
        return SourcesSpec.model_validate(document)
    except ValidationError as refusal:
        sentence = _sentence(chosen, refusal)
    raise SpecError(sentence)


def _read_yaml(path: Path) -> object:
    try:
        text = path.read_bytes()
    except OSError as failure:
        raise SpecError(
            f"{path}: can't be read ({failure.strerror}); point MOTCUA_SOURCES to a readable file."
        ) from None
    if len(text) > SIZE_LIMIT:
        raise SpecError(
            f"{path}: larger than {SIZE_LIMIT} bytes; a source file is a few pages long."
        )
    try:
        return yaml.load(text.decode("utf-8-sig"), Loader=_UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
    except UnicodeDecodeError as failure:
        sentence = f"{path}: byte {failure.start} isn't UTF-8; save the file as UTF-8."
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        sentence = f"{path}: {place}{failure.problem or 'not YAML'}; mend the YAML there."
    except yaml.YAMLError:
        sentence = f"{path}: not YAML; compare it with the packaged sources.yml."
    raise SpecError(sentence)


def _sentence(path: Path, refusal: ValidationError) -> str:
    errors = refusal.errors(include_url=False, include_input=False, include_context=False)
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"]) or "the top level"
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        what = "no such word is known here; remove it or mend its spelling"
    elif first["type"] == "missing":
        what = "this is missing; add it"
    more = f" ({len(errors) - 1} more after it)" if len(errors) > 1 else ""
    return f"{path}: at {place}: {what}{more}."
