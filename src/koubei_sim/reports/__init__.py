"""Reports: what a study found as one HTML file to open offline, or as a workbook.

Knows pages, tables, charts and sentences, and nothing of the model: each kind of result says in its
own room what its page holds (``_page``), and gets its two doors, `Reported.to_html` and
`Reported.to_excel`, from `door`.  Called by the rooms above.
"""
