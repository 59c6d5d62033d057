"""A leader's visit to a front, told with invented people and places: five named people, direct, partial and indirect
quotes, and a ceasefire proposal that people take sides on."""

from __future__ import annotations

from pipeline.settings import Issue, KnownEntity

KNOWN = (
    KnownEntity(id="norland", name="Norland", type="LOC", demonyms=("Norlandish", "Norlander", "Norlanders")),
    KnownEntity(id="sund", name="Sund", type="LOC", aliases=("Halm",), demonyms=("Sundian", "Sundians")),
    KnownEntity(id="ostria", name="Ostria", type="LOC", demonyms=("Ostrian", "Ostrians")),
    KnownEntity(id="citadel", name="Citadel", type="ORG", country="norland"),
    KnownEntity(id="palace", name="Palace", type="ORG", country="ostria"),
)
ISSUE = Issue(
    id="ceasefire",
    name="a 30-day ceasefire in Sund",
    proposition="There should be a 30-day ceasefire in Sund.",
    aliases=("ceasefire", "ceasefire proposal"),
)
BODY = "\n".join(
    (
        "Norlandish President Aldo Varga went to Brenna, a western Norlandish district, on Tuesday for the "
        "first time since Sundian soldiers took part of it. He came as Norland was about to push Halm's army "
        "out of Brenna.",
        'State television showed Varga in a field jacket in a command post. "What we have to do, and soon, is'
        ' to beat the Sundian invaders who have dug themselves in around Brenna and still hold out," Varga '
        "told Norland's commanders.",
        "Piet Gerolt, head of the Norlandish General Staff, was heard telling Varga that the Sundian invaders"
        ' were now trapped and were being "wiped out one by one". Varga called on Norlandish units to clear '
        "the district of the Sundian invaders without delay.",
        "The trip comes as envoys of Ostria are on their way to talk about a possible ceasefire in Sund. Stef"
        " Wolter will fly to Norland later this week with the Ostrian ceasefire proposal, Palace Press "
        'Secretary Karla Leverett said on Tuesday. "We call on the Norlanders to accept this plan, because '
        'peace has never been so near," Leverett said.',
        'In Halm, analysts called Varga\'s trip a "cynical attempt to raise the price before the talks".',
        "Andris Koval, head of the Centre Against Disinformation (run by Sund's security council), wrote on "
        "Telegram: \"Varga chose to threaten us, to put on a uniform and to rant about a 'buffer strip', "
        'because Brenna is a disgrace for him."',
        "The trip comes as the Citadel said it was reviewing details of a proposal for a 30-day ceasefire in "
        "Sund before answering.",
    )
)
