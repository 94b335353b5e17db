"""Vietnamese text in an encoding that no computer knows any more, found by the letters it leaves.

Belongs here: counting words and judging a whole file. Doesn't: converting: the office that has the font
can save its file as Unicode, we could only guess.

TCVN3 (fonts .VnTime) and VNI files hold ordinary Latin-1 letters that only look right in their own
font: "Quản lý" is stored as "Qu¶n lý", "Sở" as "Së" or "Sôû". Mojibake is UTF-8 read as Latin-1: "LÃ½".
"""

import re
import unicodedata
from dataclasses import dataclass

_TCVN3_SIGNS = frozenset("µ¸¶·¹¨»¾¼½©®ª«¬\u00ad÷×¡¢§£¤¥¦ßþÞÆ")
_VNI_SIGNS = frozenset("ñöïûäåëüøæîÑÖÏÛÄÅËÜØÆÎ")
_VNI_PAIRS = re.compile(r"[aeo]â|[ae]ù|[ae]õ|[ae]ø", re.IGNORECASE)
_ASCII_LETTER = re.compile(r"[A-Za-z]")
# Three words, and a fifth of all words with marks: one foreign name is no reason to refuse a file.
LEAST_WORDS = 3
LEAST_SHARE = 0.2


@dataclass
class TextStatistics:
    """Counts over the cells of one file."""

    marked: int = 0
    tcvn3: int = 0
    vni: int = 0
    mojibake: int = 0
    replaced: int = 0

    def add(self, text: str) -> None:
        """Count the words of one cell."""
        if text.isascii():
            return
        for word in unicodedata.normalize("NFC", text).split():
            if not word.isascii():
                self._add_word(word)

    def _add_word(self, word: str) -> None:
        self.marked += 1
        self.replaced += "\ufffd" in word
        if _is_mojibake(word):
            self.mojibake += 1
        elif _ASCII_LETTER.search(word):
            self.tcvn3 += bool(_TCVN3_SIGNS.intersection(word))
            self.vni += bool(_VNI_SIGNS.intersection(word) or _VNI_PAIRS.search(word))

    def reason(self) -> tuple[str, str] | None:
        """Why the file can't be taken, in Vietnamese and English; None when its text is sound."""
        if self.replaced:
            return (
                "Tệp có ký tự � (chữ đã mất khi chuyển mã). Hãy xuất lại tệp từ phần mềm gốc bằng Unicode.",
                "The file holds the sign �: letters were lost in a conversion. Export it again as Unicode.",
            )
        if self._is_many(self.mojibake):
            return (
                "Chữ tiếng Việt bị đọc sai mã (ví dụ 'Láº¡ng'). Hãy mở tệp gốc bằng mã UTF-8 rồi lưu lại.",
                "Vietnamese text was read in the wrong encoding. Open the original as UTF-8 and save it again.",
            )
        if self._is_many(max(self.tcvn3, self.vni)):
            name = "TCVN3 (.VnTime)" if self.tcvn3 >= self.vni else "VNI"
            return (
                f"Chữ trong tệp theo bảng mã cũ {name}. Hãy chuyển sang Unicode (ví dụ bằng UniKey: "
                "Ctrl+Shift+F6), lưu rồi thả lại tệp.",
                f"The text is in the old {name} encoding. Convert it to Unicode, save, and drop it again.",
            )
        return None

    def _is_many(self, words: int) -> bool:
        return words >= LEAST_WORDS and words >= LEAST_SHARE * self.marked


def _is_mojibake(word: str) -> bool:
    for encoding in ("cp1252", "latin-1"):
        try:
            return word.encode(encoding).decode("utf-8") != word
        except UnicodeError:
            continue
    return False
