"""The words of `describe`, in English and Chinese.  Templates share their named places."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = ("en", "zh")

MODULE: Final[dict[str, tuple[str, str]]] = {
    "activity": (
        "people differ in activity and are not always online",
        "活跃度因人而异，并非天天在线",
    ),
    "attention": ("listeners have limited attention", "听众的注意力有限"),
    "awareness": ("people must first notice it", "先要知道，才会考虑"),
    "churn": ("users leave for no stated reason", "用户会自然流失"),
    "complaints": ("unhappy users complain", "不满的用户会吐槽"),
    "decay": ("engagement fades", "投入感会消退"),
    "effort": ("using it takes expertise", "使用需要一定水平"),
    "events": ("events", "活动"),
    "fatigue": ("repetition tires", "重复会令人疲倦"),
    "fidelity": ("retelling loses content", "转述会走样"),
    "gate": ("newbies are kept out at first", "早期把小白挡在门外"),
    "homophily": ("ties run within one's own kind", "物以类聚"),
    "honour": ("used reports earn honour", "建议被采纳带来荣誉"),
    "lapse": ("unhappy users leave", "不满的用户会离开"),
    "leak": ("what was heard is forgotten", "听过的会遗忘"),
    "learning": ("the product learns from reports", "产品从反馈中学习"),
    "loyalty": ("loyalty adds satisfaction", "忠诚提高满意度"),
    "media": ("own media and advertising", "自媒体与广告"),
    "meetings": ("meetings in person", "线下聚会"),
    "negativity": ("bad word of mouth counts", "坏口碑起作用"),
    "novelty": ("the urge to tell fades without news", "没有新鲜事就不想说"),
    "participation": ("users take part in open nodes", "用户参与开放的节点"),
    "price": ("not everybody can pay", "不是人人买得起"),
    "referral": ("recruiting is rewarded", "拉新有奖励"),
    "reinforcement": ("several people must have told", "要多个人说过才信"),
    "rejection": ("people can turn against it", "有人会拒绝"),
    "relays": ("non-users pass it on", "非用户也会转述"),
    "replies": ("tellings get replies", "发言会得到回复"),
    "returns": ("those who left can be won again", "离开的人可以挽回"),
    "rival": ("a rival takes people", "对手会抢人"),
    "service": ("staff answer complaints", "客服回应吐槽"),
    "stories": ("taking part gives stories to tell", "参与产生可讲的故事"),
    "supply": ("units are scarce", "限量供应"),
    "taint": ("rewards cost credibility, ease costs content", "奖励损可信，简单损内容"),
    "taste": ("tastes differ", "口味不同"),
    "tiers": ("higher tiers tell more and are believed more", "高层粉丝说得更多、更可信"),
    "ties": ("strong ties carry more", "强关系传得更多"),
    "waiting": ("those who wait tell", "等待的人也会说"),
}

WORDS: Final[dict[str, tuple[str, str]]] = {
    "who": ("WHO", "人群"),
    "where": ("WHERE THEY TELL", "渠道"),
    "product": ("WHAT IS OFFERED", "产品"),
    "part": ("WHAT THEY CAN JOIN", "参与节点"),
    "happens": ("WHAT HAPPENS", "活动、媒体与供应"),
    "do": ("WHAT THEY DO", "行为"),
    "start": ("WHO STARTS", "种子用户"),
    "on": ("MODULES ON", "开启的模块"),
    "off": ("MODULES OFF (at their neutral value)", "关闭的模块（取中性值）"),
    "assumed": ("WHAT IS ASSUMED", "假设"),
    "none": ("nothing", "无"),
    "enthusiasts": ("enthusiasts", "发烧友"),
    "newbies": ("newbies", "小白"),
    "size": (
        "{n:,} simulated people (each stands for {g:g}), {ticks} days{date}. {shared}",
        "模拟 {n:,} 人（每人代表 {g:g} 人），{ticks} 天{date}。{shared}",
    ),
    "from": (" from {date}", "，自 {date} 起"),
    "shared": (
        "Replicates share people and networks.",
        "各次重复共用人群与网络。",
    ),
    "fresh": (
        "Each replicate has people and networks of its own.",
        "每次重复各有人群与网络。",
    ),
    "segment": (
        "{name}: {share:.0%} of people, {kind}; mean expertise {x:.2f}; {member}",
        "{name}：占 {share:.0%}，{kind}，平均水平 {x:.2f}；{member}",
    ),
    "member": ("member of {list}", "加入 {list}"),
    "feed": (
        "{name}: a feed over a {kind} graph, {degree:g} listeners each on average; a listener sees "
        "{visibility:.0%} of the messages, each convinces with {persuasion:.3g}; a casual user of "
        "activity 1 tells {tell:g} times a day",
        "{name}：信息流，{kind} 网络，平均 {degree:g} 位听众；看到 {visibility:.0%} 的消息，"
        "每条说服概率 {persuasion:.3g}；"
        "活跃度为 1 的普通用户每天说 {tell:g} 次",
    ),
    "board": (
        "{name}: a board; a post reaches {readers:g} members and convinces with {persuasion:.3g}; "
        "a casual user of activity 1 posts {tell:g} times a day",
        "{name}：论坛；每帖到达 {readers:g} 人，说服概率 {persuasion:.3g}；"
        "活跃度为 1 的普通用户每天发 {tell:g} 次",
    ),
    "opens": ("; opens on day {day}", "；第 {day} 天开放"),
    "item": (
        "{name}: quality {quality:g}, difficulty {difficulty:g}, a release every {every} days"
        "{launch}{price}",
        "{name}：质量 {quality:g}，难度 {difficulty:g}，每 {every} 天发布一版{launch}{price}",
    ),
    "launch": (", launched on day {day}", "，第 {day} 天上市"),
    "price": (", price {price:g}", "，价格 {price:g}"),
    "node": (
        "{name}: needed by {need:.0%}, simple {simple:g}, rewarding {rewarding:g}, fun {fun:g}, "
        "authentic {authentic:g}{where}",
        "{name}：需要者 {need:.0%}，简单 {simple:g}，获益 {rewarding:g}，有趣 {fun:g}，"
        "真实 {authentic:g}{where}",
    ),
    "on_channel": (", on {channel}", "，在 {channel}"),
    "event": (
        "{name}: {what} on {channel}, day {start}, {length} day(s){every}",
        "{name}：{channel} 上的{what}，第 {start} 天，{length} 天{every}",
    ),
    "online_event": ("an event", "活动"),
    "meeting": ("a meeting in person", "线下聚会"),
    "every": (", every {days} days", "，每 {days} 天一次"),
    "media": (
        "{name}: own media on {channel} from day {start}, convinces {hazard:.3g} and makes aware "
        "{awareness:.3g} of the members a day",
        "{name}：{channel} 上的自媒体，第 {start} 天起，"
        "每天说服 {hazard:.3g}、告知 {awareness:.3g}",
    ),
    "supply": (
        "Units are scarce: {units:g} every {every} days from day {start}, {rounds} further "
        "round(s), invites by tier {invites}",
        "限量：第 {start} 天起每 {every} 天 {units:g} 件，另有 {rounds} 轮；各层邀请数 {invites}",
    ),
    "rival": (
        "A rival takes non-users from day {day} on",
        "第 {day} 天起有对手争夺非用户",
    ),
    "more": ("... and {count} more", "……另有 {count} 项"),
    "online": (
        "Online on {online:.0%} of days at activity 1; each node is joined up to {join:g} times a "
        "day; tiers begin at engagement {loyal:g}, {die_hard:g}, {core:g}",
        "活跃度为 1 时 {online:.0%} 的日子在线；每个节点每天最多参与 {join:g} 次；"
        "各层门槛 {loyal:g}、{die_hard:g}、{core:g}",
    ),
    "tell": (
        "Casual, loyal, die-hard and core users tell at {factor} times the rate and are believed "
        "at {credibility}",
        "普通、忠诚、死忠、核心用户的发言倍数 {factor}，可信度 {credibility}",
    ),
    "unhappy": (
        "An unhappy user complains at {complaint:g} per unit and leaves with {lapse:g} on an "
        "online day; a bad message weighs {negativity:g} good ones",
        "不满者每单位不满吐槽 {complaint:g}，在线日以 {lapse:g} 离开；"
        "一条坏消息抵 {negativity:g} 条好消息",
    ),
    "leak": (
        "What was heard halves in {memory} days, half-noticed messages in {aware} days",
        "听到的内容 {memory} 天减半，未入心的 {aware} 天减半",
    ),
    "seeds": (
        "{number:,} seeds{sim}, {purity:.0%} of them enthusiasts, chosen: {strategy}; each starts "
        "as a core user with engagement {engagement:g}",
        "{number:,} 名种子用户{sim}，其中发烧友 {purity:.0%}，选法：{strategy}；"
        "起始为核心用户，投入感 {engagement:g}",
    ),
    "simulated": (" ({count} simulated)", "（模拟 {count} 人）"),
    "aware": (
        "{share:.0%} of the people know of it at the start",
        "开始时 {share:.0%} 的人已知道",
    ),
    "provenance": (
        "Of {total} values, {assumed} have no source but assumption; {changed} differ from the "
        "library's default. `koubei params` lists unit, range and source of each.",
        "{total} 个参数值中 {assumed} 个没有来源、只是假设；{changed} 个不同于默认值。"
        "`koubei params` 列出每个的单位、范围与来源。",
    ),
    "purity": (
        "No source gives the purity of the first users: it is a lever, not a finding.",
        "没有资料给出最初用户的纯度：它是一个杠杆，不是结论。",
    ),
    "milestones": (
        "{count} counts of the real world are shown beside the results; none is fitted here.",
        "结果旁标出 {count} 个现实数据，此处未作拟合。",
    ),
}
