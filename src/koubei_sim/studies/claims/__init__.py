"""Claims: stated in a file first, run over the priors afterwards, judged by a rule that was fixed.

`claim` runs one and writes its verdict, `claims` collects the verdicts of a folder.
Sits on `sweep`; called by people and by the command line.
"""
