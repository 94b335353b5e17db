"""What a person does when a rule fails and its entry says nothing of its own.

Belongs here: the usual advice by layer and severity, in Vietnamese. Doesn't: advice for one rule (its
entry's `remedy` in the suite).
"""

_ROW = (
    "Sửa bản ghi tại nguồn; trong lúc chờ, bản ghi nằm ở {quarantine} và không được tính. Bản sửa tự thay "
    "bản hỏng ở đêm sau."
)
_SOURCE = {
    "critical": "Báo đơn vị quản trị nguồn sửa dữ liệu hoặc cách xuất dữ liệu, rồi chạy lại; bản công bố cũ vẫn dùng.",
    "warning": "Đối chiếu các bản ghi này ở nguồn và sửa tại đó; số liệu vẫn công bố.",
    "info": "Không phải làm gì ngay; theo dõi xu hướng, tăng đột ngột thì hỏi đơn vị quản trị nguồn.",
}
_BUILT = {
    "critical": "Lỗi ở phép dựng, không ở nguồn: xem tệp SQL của bảng và thay đổi gần nhất; bản công bố cũ vẫn dùng.",
    "warning": "Xem các dòng này ở bảng nguồn của chúng và hỏi đơn vị phụ trách; số liệu vẫn công bố.",
    "info": "Không phải làm gì ngay; theo dõi xu hướng.",
}
UNRUN = "Sửa quy tắc hoặc bảng mà quy tắc gọi tên, rồi chạy lại `motcua check`; chưa chạy được thì chưa công bố."


def usual_remedy(table: str, severity: str, row: bool) -> str:
    """The advice for a rule of this layer and severity; `row` for rules that send rows to quarantine."""
    if row:
        return _ROW.format(quarantine="quarantine." + table.partition(".")[2])
    return (_SOURCE if table.startswith("staging.") else _BUILT)[severity]
