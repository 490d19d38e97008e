"""The list of planted faults: wrong rules that the comparison of the engines must notice.

Wrong signs, days off by one, swapped channels, forgotten caps, wrong addresses of draws, other
orders, missing decay: small things that a reader may well overlook.  Each was found to change
the history of its witness.  Changes that no history can show (an order of operations that
commutes, a cap that is never reached) are no faults and not listed.
"""

from __future__ import annotations

from tests.equivalence.fault import Fault
from tests.equivalence.faults_appeal import FAULTS_APPEAL
from tests.equivalence.faults_bonds import FAULTS_BONDS
from tests.equivalence.faults_forum import FAULTS_FORUM
from tests.equivalence.faults_goods import FAULTS_GOODS
from tests.equivalence.faults_outcomes import FAULTS_OUTCOMES
from tests.equivalence.faults_press import FAULTS_PRESS
from tests.equivalence.faults_registration import FAULTS_REGISTRATION
from tests.equivalence.faults_rounding import FAULTS_ROUNDING
from tests.equivalence.faults_seen import FAULTS_SEEN
from tests.equivalence.faults_tribe import FAULTS_TRIBE
from tests.equivalence.faults_users import FAULTS_USERS
from tests.equivalence.faults_words import FAULTS_WORDS

FAULTS: tuple[Fault, ...] = (
    *FAULTS_USERS,
    *FAULTS_BONDS,
    *FAULTS_WORDS,
    *FAULTS_SEEN,
    *FAULTS_OUTCOMES,
    *FAULTS_REGISTRATION,
    *FAULTS_GOODS,
    *FAULTS_ROUNDING,
    *FAULTS_PRESS,
    *FAULTS_APPEAL,
    *FAULTS_TRIBE,
    *FAULTS_FORUM,
)
