"""Claims: stated in a file first, run over the priors afterwards, judged by a rule that was fixed.

`claim` runs one and judges it, `write_verdict` files the verdict beside the claim, `verdicts`
collects the verdicts of a folder.  Sits on `sweep`; called by people and by the command line.
"""

from koubei_sim.studies.claims.claim_file import Claim, ClaimFile, find_claim, read_claim
from koubei_sim.studies.claims.judge import Verdict, claim
from koubei_sim.studies.claims.report import read_verdict, verdicts, write_overview, write_verdict

__all__ = [
    "Claim",
    "ClaimFile",
    "Verdict",
    "claim",
    "find_claim",
    "read_claim",
    "read_verdict",
    "verdicts",
    "write_overview",
    "write_verdict",
]
