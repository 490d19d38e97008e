"""release: the staff read reports and make the product better; and the fit table.

Expert content improves quality, newbie content lowers difficulty; noise hurts only by filling
the reading capacity.  First step of the schedule; `file_report` is called by participate and
complain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import USER
from koubei_sim.core.draws import exp_neg_portable
from koubei_sim.model.mechanisms.release import (
    DRAW_RELEASE_STORY,
    DRAW_REPORT,
    T_REPORTS,
    T_REPORTS_READ,
)
from koubei_sim.model.reference import backlog
from koubei_sim.model.reference.engagement import add_engagement
from koubei_sim.model.reference.state import Report

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

FULL_REPORT = 127.0 * 65536.0  # the sum that one full report of the top level adds


def file_report(model: Pyramid, day: Day, author: Person, j: int, content16: int) -> None:
    """Put a report of `author` on its product into the pool (j: node, or 15: complaint)."""
    priority = model.coins.word(DRAW_REPORT, day.t, j, author.number)
    model.reports[author.product].append(Report(priority, author, content16))
    day.row[T_REPORTS] += 1


def release(model: Pyramid, day: Day) -> None:
    """Make the releases that are due, then the fit table of the tick."""
    rules, t = model.rules, day.t
    for k in range(rules.n_products):
        age = t - rules.launch[k]
        if age > 0 and age % rules.release_interval[k] == 0:
            release_product(model, day, k)
    model.fit16 = [
        [fit16(model, t, k, v) for v in range(len(rules.class_level))]
        for k in range(rules.n_products)
    ]


def release_product(model: Pyramid, day: Day, k: int) -> None:
    """Release product k: read, learn, honour, empty the pool.

    With X = sum of level * content and Y = sum of (127 - level) * content over what was read,
    q moves towards 1 by ``1 - exp(-X / scale_quality)`` and d towards 0 likewise.
    """
    rules = model.rules
    pool = sorted(model.reports[k], key=lambda report: report.priority)
    read = pool[: rules.reading_capacity[k]]
    model.reports[k] = []
    day.row[T_REPORTS_READ] += len(read)

    expert = sum(report.author.level * report.content16 for report in read) / FULL_REPORT
    newbie = sum((127 - report.author.level) * report.content16 for report in read) / FULL_REPORT
    q, d, own = model.quality[k], model.difficulty[k], rules.own_work[k]
    q, d = q + (1.0 - q) * own, d - d * own
    q_shift = 1.0 - float(exp_neg_portable(expert / rules.scale_quality[k]))
    d_shift = 1.0 - float(exp_neg_portable(newbie / rules.scale_difficulty[k]))
    q_new = q + (1.0 - q) * q_shift * rules.learn_quality[k]
    d_new = d - d * d_shift * rules.learn_difficulty[k]
    model.quality[k], model.difficulty[k] = q_new, d_new

    if model.needs_so_far[k]:  # those are honoured who asked for what is met now
        votes = backlog.votes_of(model, day.t, k, [report.author for report in read])
        met = backlog.meet_needs(model, day, k)
        for report, slot in zip(read, votes, strict=True):
            if slot in met:
                honour(model, day, k, report.author)
    elif read and (q_new - q) + (d - d_new) >= rules.visible_progress[k]:
        for report in read:
            honour(model, day, k, report.author)


def honour(model: Pyramid, day: Day, k: int, author: Person) -> None:
    """Honour one report that was used: engagement, and perhaps the story of the release."""
    rules = model.rules
    if author.stage != USER:
        return
    add_engagement(model, day.t, author, rules.honour_gain)
    # An author of two reports meets the same coin twice: the second time changes nothing.
    if model.coins.coin(DRAW_RELEASE_STORY, day.t, k, author.number) < rules.release_story32:
        author.story = rules.n_nodes
        author.story_until = day.t + rules.story_life
        author.last_story = day.t


def fit16(model: Pyramid, t: int, k: int, v: int) -> int:
    """Return how well product k serves class v at tick t, 16.16 fixed point (65536: fully)."""
    rules = model.rules
    if t < rules.launch[k] or not rules.class_pays[v] >> k & 1:
        return 0
    if t < rules.segment_opens[rules.class_segment[v]]:
        return 0
    x = rules.class_level[v] / 127.0
    f = model.quality[k] - model.difficulty[k] * (1.0 - x)
    f = f - backlog.missed_on_average(model, k, rules.class_level[v])
    f = min(1.0, max(0.0, f))
    if rules.product_taste[k] >= 0 and rules.product_taste[k] != rules.class_taste[v]:
        f = f * rules.off_taste
    if t < rules.open_to_all and not rules.class_enthusiast[v]:
        f = f * rules.admission
    return int(f * 65536.0)
