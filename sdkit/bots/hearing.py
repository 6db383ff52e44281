"""What the practice bots understand of a message: by words, as the support of a shop for kettles needs it."""

from __future__ import annotations

import re

_TOPICS = {
    "broken": r"leak|drip|\bbrok|\bbreak|crack|defect|fault|damaged|rust|burnt|stopped working|(problem|issue|wrong) "
    r"with (my|the|it)|(n't|not|never|barely) (\w+ )?(work|turn|switch|heat|boil|start)",
    "status": r"where('s| is| are) (my|the (order|parcel))\b|track|status|(n't|not|never) (yet )?(arriv|come|got\b"
    r"|receiv)|still waiting|my (order|parcel|delivery) (is )?(late|here)|when (will|does|is) (my|the) (order|parcel)",
    "address": r"(?<!mail )address|moved (house|flat)|moving house|(send|deliver) it (else|some)where",
    "cancel": r"\bcancel",
    "returns": r"\breturn|refund|money back|(send|bring|give|take) (it|them|this|one) back|exchange|how many days do i",
    "choose": r"recommend|suggest|advice|choos|which (kettle|one|model)|(look|shop)ing for|best kettle|new kettle"
    r"|(need|want|buy|get|after) (to buy |to get )?(a|an|some) (\w+ ){0,2}kettle",
    "hours": r"opening|\bhours\b(?! ago)|\b(you|shop|store)\b.{0,20}\b(open|close)|\b(on|this) (sun|satur)day|weekend"
    r"|where (are you|is (your|the) (shop|store))\b|address of (the|your) (shop|store)",
    "delivery": r"deliver|shipping|\bship\b|postage",
    "wait": r"how (long|soon|fast)|when (will|can|would) (it|i|that|they)",
    "warranty": r"warrant|guarantee|\bexten(d|sion)",
    "payment": r"\bpay\b|payment|paypal|credit card|debit|invoice|\bvisa\b|instal",
    "gifts": r"gift ?(card|voucher|certificate)|voucher",
    "care": r"descal|limescale|\bclean|lime\b",
    "teapots": r"tea ?pot",
    "tea": r"\b(what|which|kinds?|sorts?|types?|sell|have|green|black|herbal)\b[^.?!]{0,20}\bteas?\b(?! ?(pot|kettle))",
    "prices": r"\bprices?\b|how much|\bcosts?\b|\b(wren|heron|swan)\b|what (kettles|models)",
    "discount": r"discount|coupon|promo",
    "buy": r"i('ll| will) (take|buy|order)|how (do|can) i (order|buy)|place an order|(like|want) to (buy|order) it",
    "contact": r"\b(human|person|phone|manager|supervisor|colleague|call you)\b|(speak|talk) to",
    "complaint": r"complain|terrible|awful|unacceptable|disappoint|angry|ridiculous|\bworst|frustrat|fed up|annoy",
}
_WEAKER = {
    "broken": ("returns", "choose", "status", "teapots", "complaint", "care"),
    "choose": ("prices", "tea", "buy"),
    "status": ("delivery", "wait", "complaint"),
    "hours": ("address",),
    "address": ("delivery", "status"),
    "delivery": ("prices", "wait"),
    "warranty": ("prices", "wait", "returns"),
    "returns": ("delivery", "prices", "wait"),
    "gifts": ("prices", "payment"),
    "teapots": ("prices", "tea", "choose"),
    "tea": ("prices",),
}
"""What a message is not about if it is about something else: what leaks is replaced first; a delivery has a price."""
_FAULTS = {
    "the leak": r"leak|drip",
    "the crack": r"crack|chipped",
    "the trouble with heating": r"(n't|not|never|barely|stopped) (\w+ )?(turn|switch|heat|boil|start)",
    "the lid": r"\blid\b",
    "the handle": r"\bhandle\b",
    "the rust": r"rust",
    "the smell": r"smell|taste",
    "the noise": r"noise|noisy|loud",
}
_SIZES = {
    "small": r"\bsmall|just me|myself|alone|single|one person|compact|cheap|£ ?[123]\d\b|\b[123]\d (pounds|quid)",
    "large": r"\blarge|\bbig|family|office|temperature|\b([5-9]|five|six|eight|ten) (people|persons|of us|cups)|1\.7"
    r"|£ ?([7-9]\d|\d{3})\b|\b([7-9]\d|\d{3}) (pounds|quid)",
    "medium": r"\b([2-4]|two|three|four) (people|persons|of us|cups)|couple|medium|1\.5|wife|husband|£ ?[4-6]\d\b",
}
READ = {"fault": _FAULTS, "size": _SIZES}
"""What the texts call what somebody tells in their own words."""
THANKS = re.compile(r"\bthank|\bcheers\b|appreciate|\bthx\b")
BYE = re.compile(r"\b(good)?bye\b|see you|have a (nice|good|great)|take care|\bthat('s| is| was| will be) (all|it)\b")
YES = re.compile(r"\b(yes|yeah|yep|sure|ok|okay|please|great|perfect|good|fine|works)\b|replac|new one|go ahead|thank")
NO = re.compile(r"^(no|nope|nah|not really|nothing)\b(?! (problem|worries))|rather not|(don't|do not) want")
HELLO = re.compile(r"\b(hello|hi|hey|good (morning|afternoon|evening))\b")
AT_A_LOSS = re.compile(r"n't|\bnot |no idea|unsure|lost|forgot|\bwhere|find|number")
OURS = re.compile(r"kettle|\btea|order|product|replace|question|help|shop|store|\bbuy|bought|purchase|\bnew one\b")
REFUND = re.compile(r"refund|my money|money back")
_CORRECTS = re.compile(r"sorry|actually|correct|wrong|meant|mistake|other order")
_SENTENCE = re.compile(r"[^.!?]*[.!?]*")
_SUPPOSED = re.compile(r"\b(if|in case|covers?|covered)\b")
_ORDER = re.compile(
    r"(?:\bbk\W?|(?:\b(?:order|number|no\.?)(?: number| no\.?)?(?: is| was|:)? ?|#)#?)([a-z]{0,4}-?\d{3,12})\b"
)
_NUMBER = re.compile(r"(?<![£$€\d.,/-])\b(?!(?:19|20)\d\d\b)(\d{4,8})\b(?! ?(?:ml|w|watts?|pounds|euros?|dollars|%)\b)")
_NAME = re.compile(r"\b(?:[Mm]y name is|[Mm]y name's|I am|I'm|[Tt]his is) ((?!Blue\b)[^\W\d_a-z][^\W\d_]+)")
_STREET = r"street|st|road|rd|lane|avenue|ave|drive|close|way|square|place|court|terrace|gardens"
_ADDRESS = re.compile(rf"\b\d+\w? (?:[^\W\d_][\w'-]* ){{1,3}}(?:{_STREET})\b", re.IGNORECASE)


def topics(words: str, mending: bool) -> list[str]:
    """Return what a message is about, in the order in which it says so.

    Parameters
    ----------
    words
        The message, in small letters.
    mending
        Whether something broken is being dealt with: money back, or a new kettle, is instead of that.
    """
    # "Does the warranty cover leaks?" is no leak.
    told = _SENTENCE.sub(lambda found: " " * len(found[0]) if _SUPPOSED.search(found[0]) else found[0], words)
    places = {}
    for topic, pattern in _TOPICS.items():
        if match := re.search(pattern, told if topic == "broken" else words):
            places[topic] = match.start()
    weaker = {weak for topic in places for weak in _WEAKER.get(topic, ())}
    weaker |= {"returns", "choose"} if mending else set()
    return sorted(set(places) - weaker, key=lambda topic: places[topic])


def order_in(words: str, known: str) -> str:
    """Return the order number that a message gives, such as "BK-4711"; the known one if there is none in it."""
    given = _ORDER.search(words)
    if given is None and (not known or _CORRECTS.search(words)):
        given = _NUMBER.search(words)
    if given is None:
        return known
    number = given[1].upper().removeprefix("BK").lstrip("-")
    return f"BK-{number}" if number.isdigit() else number


def name_in(text: str) -> str:
    """Return the first name that somebody gives, "" if none."""
    name = _NAME.search(text)
    return name[1] if name else ""


def address_in(text: str) -> str:
    """Return the street and its number, "" if a message has none."""
    address = _ADDRESS.search(text)
    return address[0] if address else ""
