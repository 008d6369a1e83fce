"""Printed papers: receipts and notices as PDF, with the fonts that they are printed with.

Invariants (kept by ``sheet``):
- printing needs no network, no system font and no clock: the same input gives the same bytes;
- no character is dropped: what no font can show stands there as ``〔U+XXXXX〕`` and is reported to the caller;
- metadata hold title and time only, never what the paper says.

``notice.notice_pdf`` prints any notice, ``notice.one_time_list`` the one-time list of a declined case, ``receipt`` the
collection receipt, ``shelf`` keeps receipts for the clerk until they are printed.
"""
