"""Documents that are written out of what stands elsewhere: `make docs` writes them, test_documents.py compares.

Belongs here: the index of decisions, the rooms of architecture.md, reference.md. Doesn't: what people write.
"""

import ast
import datetime as dt
import inspect
import itertools
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from orchestration.settings import PROJECT
from sources.spec.drop_layouts import DropSpec, LayoutSpec
from sources.spec.systems import (
    AuthSpec,
    EntitySpec,
    PageSizeSpec,
    PagingSpec,
    SourcesSpec,
    SystemSpec,
    TotalSpec,
    WindowSpec,
)
from sources.spec.types import FieldSpec, Names, RecordPath, SpecModel, TextMap

DOCS = PROJECT / "docs"
DECISIONS = DOCS / "decisions"
_TITLE = re.compile(r"# (?P<number>\d{4}) · (?P<title>.+)\n\n(?P<when>.+)\n")


def decisions_index() -> str:
    """Every decision, newest first: number, what, when and whether another took its place."""
    lines = [
        "# Quyết định / decisions",
        "One file each: context, decision, consequences. A new one takes the next number; a decision that no longer "
        "holds stays and names the one in its place. `make docs` writes this list.",
        "",
        "| | decision | |",
        "|---|---|---|",
    ]
    for path in sorted(DECISIONS.glob("[0-9]*.md"), reverse=True):
        found = _TITLE.match(path.read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(f"{path} begins with `# NNNN · Title`, an empty line and its date.")
        lines.append(f"| {found['number']} | [{found['title']}]({path.name}) | {found['when']} |")
    return "\n".join(lines) + "\n"


def rooms() -> str:
    """Which room may import which, and which libraries only it may, as test_architecture.py has it."""
    may_import, libraries = _rule("MAY_IMPORT"), _rule("THIRD_PARTY")
    lines = [
        "| room | what belongs there | may import | libraries that nobody else imports |",
        "|---|---|---|---|",
    ]
    for room, others in may_import.items():
        charter = ast.get_docstring(
            ast.parse(
                (PROJECT / room.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
            )
        )
        alone = [library for library, users in libraries.items() if room in users]
        place, opening = room.replace(".", "/"), (charter or "").splitlines()[0]
        lines.append(f"| `{place}/` | {opening} | {_listed(others)} | {_listed(alone)} |")
    return "\n".join(lines)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "–"


def _rule(name: str) -> Any:
    """A table of the rules of the house, read as it is written there."""
    tree = ast.parse(
        (PROJECT / "tests" / "house" / "test_architecture.py").read_text(encoding="utf-8")
    )
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == [name]:
            return ast.literal_eval(node.value)
    raise LookupError(f"tests/house/test_architecture.py has no {name} as a plain table.")


def _between(path: Path, mark: str, text: str) -> str:
    """The document with `text` between its two marks."""
    head, rest = path.read_text(encoding="utf-8").split(f"<!-- {mark} -->\n", 1)
    tail = rest.split(f"<!-- /{mark} -->", 1)[1]
    return f"{head}<!-- {mark} -->\n{text}\n<!-- /{mark} -->{tail}"


def reference() -> str:
    """Every word of a source file: name, type, default, meaning, in the order in which they nest."""
    lines = [
        "# Tra cứu / reference: `sources.yml`",
        "Every word of a source file and of layouts for dropped files. `make docs` writes this page from the types "
        "that read the file (`sources/`); an unknown word is an error before any run. A *path* into a record is names "
        "with dots, or a list of names that hold dots themselves; *names* may be one name or a list. Examples: "
        "[CONTRIBUTING.md](../CONTRIBUTING.md), [extending.md](extending.md), and the packaged "
        "[sources.yml](../sources/sources.yml).",
    ]
    for model in _nested(SourcesSpec):
        place, said = _PLACES[model], _meanings(model)
        lines += ["", f"## {place}", (model.__doc__ or "").splitlines()[0], ""]
        lines += ["| word | type | default | meaning |", "|---|---|---|---|"]
        for name, word in model.model_fields.items():
            lines.append(
                f"| `{word.alias or name}` | {_type_name(word)} | {_default(word)} | {said[name]} |"
            )
    return "\n".join(lines) + "\n"


_PLACES: Mapping[type[SpecModel], str] = {
    SourcesSpec: "The file",
    SystemSpec: "`systems: <name>:`",
    AuthSpec: "`auth:`",
    EntitySpec: "`entities: <name>:`",
    WindowSpec: "`window:`",
    PagingSpec: "`paging:`",
    PageSizeSpec: "`page_size:`",
    TotalSpec: "`total:`",
    FieldSpec: "`fields: <name>:`",
    DropSpec: "`drops: <name>:`",
    LayoutSpec: "`layouts: <name>:`",
}
# Ours before pydantic's: what they are made of in Python nobody writes into a file.
_WRITTEN_AS: tuple[tuple[object, str], ...] = (
    (RecordPath, "path"),
    (Names, "names"),
    (TextMap, "words: words"),
    (frozenset[str], "names"),
    (Mapping[str, Names], "names by column"),
    (Mapping[str, TextMap], "words: words, by column"),
    (str, "text"),
    (bool, "yes or no"),
    (int, "number"),
    (float, "number"),
    (dt.date, "day"),
)


def _nested(model: type[SpecModel]) -> list[type[SpecModel]]:
    """A model and those that its words hold, each once, in the order of the file."""
    found = [model]
    for word in model.model_fields.values():
        for inner in _models_in(word.annotation):
            if inner is not model:
                found += [more for more in _nested(inner) if more not in found]
    return found


def _models_in(kind: object) -> list[type[SpecModel]]:
    if isinstance(kind, type) and issubclass(kind, SpecModel):
        return [kind]
    return [model for part in get_args(kind) for model in _models_in(part)]


def _type_name(word: FieldInfo) -> str:
    kinds = [kind for kind in _alternatives(word) if kind is not type(None)]
    return " or ".join(map(_kind_name, kinds))


def _alternatives(word: FieldInfo) -> tuple[object, ...]:
    # Pydantic takes the outermost Annotated apart; put together, ours are known again.
    validators = [part for part in word.metadata if isinstance(part, BeforeValidator)]
    kind: object = Annotated[word.annotation, validators[0]] if validators else word.annotation
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _kind_name(kind: object) -> str:
    for known, name in _WRITTEN_AS:
        if kind == known:
            return name
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    (model,) = _models_in(kind)
    return f"[{_PLACES[model]}](#{_anchor(_PLACES[model])})"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _default(word: FieldInfo) -> str:
    if word.is_required():
        return "**required**"
    value = word.get_default(call_default_factory=True)
    if isinstance(value, tuple):
        value = ".".join(value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return f"`{value}`" if value not in (None, "", {}, frozenset()) else "–"


def _meanings(model: type[SpecModel]) -> dict[str, str]:
    """What stands under each word of a model in its own file."""
    (tree,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(tree, ast.ClassDef)
    said = {}
    for word, after in itertools.pairwise(tree.body):
        if isinstance(word, ast.AnnAssign) and isinstance(after, ast.Expr):
            text = ast.literal_eval(after.value)
            said[ast.unparse(word.target)] = " ".join(text.split()).replace("|", "\\|")
    return said


ARCHITECTURE = DOCS / "architecture.md"
WRITTEN: Mapping[Path, Callable[[], str]] = {
    DECISIONS / "README.md": decisions_index,
    DOCS / "reference.md": reference,
    ARCHITECTURE: lambda: _between(ARCHITECTURE, "rooms", rooms()),
}


if __name__ == "__main__":
    for place, write in WRITTEN.items():
        place.write_text(write(), encoding="utf-8")
