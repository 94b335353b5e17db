"""Files that people drop into the inbox: read strictly, landed like a system's page, or set aside with a reason.

Belongs here: inbox, CSV and XLSX, layouts applied to rows. Doesn't: what a layout may say (spec).
"""
