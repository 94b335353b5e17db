"""What people read: scorecard page, workbook, forms on paper.

Belongs here: turning published tables into documents. Doesn't: figures; a report computes none.
"""
