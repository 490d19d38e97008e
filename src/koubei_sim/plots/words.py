"""The words on the figures, in English and Chinese.

Called by all other files of this folder through `say`; a missing word is a fault of ours and
fails loudly in the tests, not on somebody's slide.
"""

from __future__ import annotations

from typing import Final

from koubei_sim.reports.words import said

_WORDS: Final[dict[str, tuple[str, str]]] = {
    # titles
    "pyramid": ("The fan pyramid over time", "粉丝金字塔的成长"),
    "growth": ("New users and leavers per week", "每周新增与流失用户"),
    "channels": ("Adoptions by channel", "各渠道带来的用户"),
    "product": ("The product learns", "产品的学习"),
    "retention": ("Who stays, by time of adoption", "各期用户的留存"),
    "forest": ("Sizes of recruitment trees", "口碑传播树的大小"),
    "tree": ("One recruitment tree", "一棵口碑传播树"),
    "stages": ("Where everybody stands", "人群所处阶段"),
    "reproduction": ("Recruits per adopter, by cohort", "每位新用户带来的用户数"),
    "claim_worlds": ("Effect of the claim, world by world", "各假想世界中该论断的效应"),
    "claim_ladder": ("Without each mechanism", "逐一关闭机制后的效应"),
    "ladder_axis": (
        "effect at the centre of the prior, 95 % interval",
        "先验中心处的效应, 95 %区间",
    ),
    "tornado": ("Sensitivity: {outcome}", "敏感性:{outcome}"),
    "interactions": ("Interactions: {outcome}", "交互作用:{outcome}"),
    "effect_over_time": ("Effect on {series} over time", "对{series}的影响"),
    "differences": ("Differences of outcomes", "各项结果的差异"),
    "posterior_predictive": ("What the fitted model predicts", "拟合模型的预测"),
    "continued": ("The accepted runs, continued", "被接受的模拟及其后续"),
    "marginals": ("What the fit has learnt", "拟合学到了什么"),
    # axes
    "in_smallest": (
        "effect, in units of the smallest that matters",
        "效应(以有意义的最小效应为单位)",
    ),
    "day": ("day", "天"),
    "people": ("people", "人数"),
    "people_log": ("people (log scale)", "人数(对数坐标)"),
    "people_a_week": ("people per week", "每周人数"),
    "cumulative_people": ("adoptions so far", "累计采用人次"),
    "share_of_people": ("share of people", "占人群比例"),
    "share_still_users": ("share still users", "仍为用户的比例"),
    "days_after": ("days after adoption", "采用后天数"),
    "tree_size": ("adoptions in the tree", "树中用户数"),
    "share_of_trees": ("share of trees at least so large", "不小于该大小的树的比例"),
    "index": ("index", "指数"),
    "recruits": ("recruits per adopter", "人均带来用户数"),
    "change_of_outcome": ("change from the scenario as it is", "相对于原设定的变化"),
    "times_of_outcome": ("times the scenario as it is", "为原设定的倍数"),
    "takes_off_by": ("take-off {more}", "起飞 {more}"),
    "log_of": ("log of {outcome}", "{outcome}(对数)"),
    "effect_per_range": ("effect of the whole range", "参数全范围的效应"),
    "share_of_variance": ("share of variance", "占方差比例"),
    "mu_star_axis": ("mu*, mean size of effects", "mu*(效应绝对值的均值)"),
    "sigma_axis": ("sigma, spread of effects", "sigma(效应的离散)"),
    "second_order": ("second order index", "二阶指数"),
    "times_baseline": ("times {baseline}", "为“{baseline}”的倍数"),
    "strata": ("Whether it takes off", "是否起飞"),
    "both": ("both take off", "两者都起飞"),
    "only_change": ("only with the change", "只有改变后起飞"),
    "only_baseline": ("only {baseline}", "只有“{baseline}”起飞"),
    "neither": ("neither", "都不起飞"),
    "pairs_of_worlds": (
        "{replicates} pairs of worlds on the same luck; below: effect where both take off, 95 %",
        "{replicates}对同一运气的世界;下方:两者都起飞时的效应,95%区间",
    ),
    # series
    "low_end": ("low end of the range", "范围下限"),
    "high_end": ("high end of the range", "范围上限"),
    "mu_star": ("mu*, size", "mu*(大小)"),
    "sigma": ("sigma, spread", "sigma(离散)"),
    "total_order": ("total order, ST", "总效应指数 ST"),
    "first_order": ("first order, S1", "一阶指数 S1"),
    "users": ("users", "用户"),
    "loyal": ("loyal and above", "忠诚及以上"),
    "die_hard": ("die-hard and core", "铁杆与核心"),
    "adoptions": ("new users", "新增用户"),
    "leavers": ("leavers", "流失用户"),
    "own_media": ("own media", "自媒体"),
    "quality": ("quality", "质量"),
    "difficulty": ("difficulty", "使用难度"),
    "reputation": ("reputation (7 days)", "美誉度(7日)"),
    "reported": ("circles: counts reported in the world", "圆圈为公开报道的数字"),
    "root": ("root", "起点"),
    "seed": ("seed", "种子用户"),
    "unaware": ("unaware", "未知晓"),
    "aware": ("aware", "知晓"),
    "waiting": ("waiting", "等待购买"),
    "user": ("users", "用户"),
    "lapsed": ("lapsed", "已流失"),
    "rejected": ("rejected", "拒绝"),
    "rival": ("with the rival", "选择竞品"),
    "share_of_prior": ("share of the prior range", "先验区间中的位置"),
    "contraction": ("learnt", "收缩度"),
    "model": ("model", "模型"),
    "baseline_bass": ("Bass", "Bass曲线"),
    "baseline_two_logistic": ("two waves", "双波逻辑斯蒂"),
    "baseline_two_logistic_dated": ("two dated waves", "双波(已知间隔)"),
    "baseline_log_linear": ("log-linear", "对数线性"),
    "baseline_log_quadratic": ("log-quadratic", "对数二次"),
    "baseline_power": ("power of time", "时间的幂"),
    "baseline_drift": ("last growth", "最近增速"),
    "baseline_beside": ("other series", "另一序列加常数"),
    # notes
    "fan": (
        "line: median; bands: 50 and 90 % of {number} runs; dots: seen, circles: held out",
        "实线为中位数,阴影为{number}次模拟的50%与90%区间;实点用于拟合,空心点为留出",
    ),
    "held_out": ("held out from here", "此后为留出数据"),
    "marginals_note": (
        "grey: prior; thick 50 %, thin 90 %, circle median of the posterior; cross: best",
        "灰条为先验,粗线50%、细线90%、圆圈为后验中位数,叉为最优点",
    ),
    "band": (
        "line: median; band: 5-95 % of {replicates} replicates",
        "实线为中位数,阴影为{replicates}次重复的5-95%区间",
    ),
    "one_run": ("one replicate", "单次模拟"),
    "pooled": ("{replicates} replicates pooled", "合并{replicates}次重复"),
    "single_trees": (
        "{share:.0%} of {trees:,} trees are one person",
        "{trees:,}棵树中{share:.0%}只有一人",
    ),
    "tree_note": (
        "{size:,} adoptions, {depth} generations, structural virality {virality:.1f}",
        "{size:,}人次,{depth}代,结构性传播度{virality:.1f}",
    ),
    "tree_cut": ("first {shown:,} of {size:,} shown", "仅画出前{shown:,}人,共{size:,}人"),
    "threads": (
        "bold: median replicate by adoptions; thin: all {replicates}",
        "粗线为采用人次居中的一次模拟,细线为全部{replicates}次",
    ),
    "threads_of_taken": (
        "bold: median replicate by adoptions, of those that took off; thin: all {replicates}",
        "粗线为起飞者中采用人次居中的一次模拟,细线为全部{replicates}次",
    ),
    "middle": (
        "median of {replicates} replicates by adoptions",
        "{replicates}次重复中采用人次居中的一次",
    ),
    "middle_of_taken": (
        "median replicate by adoptions, of those that took off",
        "起飞者中采用人次居中的一次模拟",
    ),
    "hurdle": (
        "took off: {taken} of {replicates} (chance {low}-{high} %)",
        "{replicates}次中{taken}次起飞(概率{low}-{high}%)",
    ),
    "replaces": ("each cohort replaces itself", "自我更替线"),
    "cohort_from": ("from day {start} ({people:,})", "第{start}天起({people:,}人次)"),
    "in_brackets": ("in brackets: adoptions", "括号内为采用人次"),
    "fully_seen": ("followed for {window} days", "每位用户观察{window}天"),
    "tornado_oat": (
        "one at a time, {replicates} pairs; numbers: ends of the range; lines: 95 %",
        "逐个改变,{replicates}对模拟;数字为范围两端;细线为95%区间",
    ),
    "tornado_morris": (
        "Morris, {replicates} replicates; lines: 95 % intervals of mu*",
        "Morris法,{replicates}次重复;细线为mu*的95%区间",
    ),
    "tornado_sobol": (
        "Sobol, {replicates} replicates; lines: 95 % intervals",
        "Sobol法,{replicates}次重复;细线为95%区间",
    ),
    "and_others": ("; {others} more not shown", ";另有{others}个未画"),
    "interactions_morris": (
        "Morris: above the upper line, an effect hangs on the other parameters",
        "Morris法:位于上线之上者,其效应取决于其他参数",
    ),
    "interactions_sobol": (
        "Sobol: bold where the 95 % interval leaves out 0",
        "Sobol法:95%区间不含0者为粗体",
    ),
    "mean_of": (
        "{replicates} replicates a point, of those that took off",
        "每点{replicates}次重复,只计起飞者",
    ),
    "pairs": (
        "against {baseline}, where both take off ({replicates} pairs in all); band: 95 %",
        "与“{baseline}”相比,限两者都起飞者(共{replicates}对);阴影为95%区间",
    ),
    "pairs_of": (
        "where both take off, {replicates} pairs in all; lines: 95 %",
        "限两者都起飞者,共{replicates}对;线段为95%区间",
    ),
    "interaction": ("Together against apart", "联合与单独之差"),
    "only": ("only {arm}", "仅{arm}"),
    "map_note": (
        "{points} points, {runs} runs each; {marks}",
        "{points}个点,每点{runs}次模拟;{marks}",
    ),
    "marks_half": ("line: even chance; open: interval holds it", "实线为机会各半,空心点无法判定"),
    "marks_sure": ("open: another may lead", "空心点可能以他者为主"),
    "marks_zero": ("open: interval holds 0", "空心点的区间含0"),
    "marks_times": ("open: interval holds x 1", "空心点的区间含1倍"),
    "marks_none": ("dots: where it was run", "点为模拟所在"),
    "nothing": ("nobody adopted", "无人采用"),
}


def say(word: str, lang: str, **values: object) -> str:
    """Return the label `word` in a language, with values put in.

    Examples
    --------
    >>> say("users", "zh")
    '用户'
    >>> say("pooled", "en", replicates=3)
    '3 replicates pooled'
    """
    return said(_WORDS, word, lang, **values)
