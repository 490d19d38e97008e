"""What results of cascades say in words: outcomes and notes, in English and Chinese.

They are kept in English; a page says them in its language (`reports.words.retold`).
Called by `result`, `statistics` and `page`.
"""

from __future__ import annotations

from typing import Final

#: Outcome -> what it is; those of the largest tree are of its columns.
MEANINGS: Final[dict[str, tuple[str, str]]] = {
    "size": ("people ever active, seeds too", "曾激活的人数（含种子）"),
    "share": ("share of all people", "占全体的比例"),
    "kind": ("activations of kind {kind}", "{kind}类的激活次数"),
    "events": ("activations, again and again", "激活次数（含重复激活）"),
    "end_step": ("step of the last activation", "最后一次激活的步"),
    "end_time": ("time of the last activation", "最后一次激活的时间"),
    "take_off": ("share of replicates that took off", "起飞的重复所占比例"),
    "size_off": ("people ever active in those", "起飞的重复中曾激活的人数"),
    "trees": ("trees (roots)", "传播树数量（根）"),
    "largest_tree": ("activations in the largest tree", "最大传播树的激活次数"),
    "depth": ("its generations below the root", "其根以下的层数"),
    "breadth": ("its largest generation", "其人数最多的一代"),
    "virality": ("its structural virality", "其结构性传播度"),
}

#: What a reader of the numbers must know, in English, as it is kept, and Chinese.
NOTES: Final[dict[str, tuple[str, str]]] = {
    "bins": (
        "tick = {asked:g} would make too many bins: those of the curves are {width:g} wide",
        "tick = {asked:g}会使分段过多：曲线的分段宽度为{width:g}",
    ),
    "skewed": (
        "sizes are skewed ({skew:.1f}): {replicates:,} replicates are few for a normal interval "
        "({needed:,} needed)",
        "规模分布偏斜（偏度{skew:.1f}）：{replicates:,}次重复不足以给出正态区间（需要{needed:,}次）",
    ),
    "largest": (
        "the largest replicate holds {share:.0%} of all: the mean rests on it",
        "最大的一次重复占总规模的{share:.0%}：均值主要取决于它",
    ),
}
