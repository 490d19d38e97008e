"""`last_touch`: who adopted through which channel, counted one by one."""

from __future__ import annotations

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.core.codes import LOG_ADOPT, RECRUITER_SEED


def test_credit_is_what_the_log_says() -> None:
    """Catches seeds or lapses that are credited, and shares of all replicates thrown together."""
    run = kb.run("tiny", replicates=3, rng=7, ticks=60, n_agents=300)
    table = kb.evidence.last_touch(run)
    names = list(run.scenario.channels)
    shares = []
    for history in run.histories:
        count = dict.fromkeys(names, 0)
        for kind, recruiter, channel in zip(
            history.log_kind, history.log_recruiter, history.log_channel, strict=True
        ):
            if kind == LOG_ADOPT and recruiter != RECRUITER_SEED:
                who = names[channel] if recruiter >= 0 else "media"
                count[who] = count.get(who, 0) + 1
        shares.append([count[name] / sum(count.values()) for name in names])
    assert np.allclose(table.loc[names, "share"], np.mean(shares, axis=0))
    assert table.share.sum() == pytest.approx(1.0)
    assert (table.low <= table.share).all() and (table.share <= table.high).all()


def test_wrong_input_is_refused() -> None:
    """Catches what holds no adoptions."""
    with pytest.raises(kb.KoubeiError, match="result: no Result"):
        kb.evidence.last_touch(3)
    still = kb.run("tiny", rng=7, ticks=1, n_agents=300)
    with pytest.raises(kb.KoubeiError, match="result: nobody adopts"):
        kb.evidence.last_touch(still)
