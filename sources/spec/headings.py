"""Names that people type: headings and file names compared without accents, case and punctuation.

Belongs here: folding and the index of accepted headings. Doesn't: reading files.
"""

import unicodedata
from collections.abc import Iterable, Mapping


def fold(text: str) -> str:
    """`Số kế hoạch`, `SO KE HOACH` and `so_ke_hoach` all become `so_ke_hoach`."""
    plain = unicodedata.normalize(
        "NFKD", text.replace("Đ", "D").replace("Ð", "D").replace("đ", "d")
    )
    letters = (
        letter if letter.isalnum() else " "
        for letter in plain.casefold()
        if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
    )
    return "_".join("".join(letters).split())


def heading_index(columns: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Every accepted heading, folded → the column that it names.

    Raises:
        ValueError: two columns accept the same heading.
    """
    index: dict[str, str] = {}
    for column, accepted in columns.items():
        for heading in (column, *accepted):
            if index.setdefault(fold(heading), column) != column:
                raise ValueError(
                    f"heading {heading!r} is accepted by both {index[fold(heading)]} and {column}"
                )
    return index
