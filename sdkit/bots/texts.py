"""The words of the practice bots: the support of Blue Kettle, a little shop that does not exist.

A text is looked up by what is to be said: see `sdkit.bots.rules`. Where there are several, they say the same.
"""

from __future__ import annotations

from collections.abc import Sequence

GOOD: dict[str, Sequence[str]] = {
    "hours": (
        "We are open from 9 to 6, Monday to Saturday, at 12 Harbour Street, and closed on Sundays.",
        "The shop at 12 Harbour Street is open Monday to Saturday, 9 to 6. On Sundays we are closed.",
    ),
    "delivery": (
        "Delivery takes two to three working days and costs £3.90; from £40 on it is free.",
        "We deliver within two to three working days, for £3.90, or for free if you order for £40 or more.",
    ),
    "returns": (
        "You can send anything back within 30 days, unused and in its box. The label is free, and you have your money "
        "back within five working days.",
    ),
    "ask_label": ("If you tell me the order number, I can send you the label right away.",),
    "warranty": (
        "All our kettles and teapots have a warranty of two years. One more year costs £9.90.",
        "The warranty is two years, and you can extend it by one year for £9.90.",
    ),
    "payment": (
        "You can pay by card, by PayPal, or within 14 days by invoice.",
        "We take cards and PayPal, and we can send an invoice to be paid within 14 days.",
    ),
    "gifts": (
        "We have gift cards from £10 to £100. They come by e-mail and are good for three years.",
        "Gift cards are £10 to £100, as you like; they come by e-mail and last three years.",
    ),
    "care": ("Boil it once a month with water and a spoon of citric acid, wait half an hour, and rinse it twice.",),
    "tea": ("We have Assam, Darjeeling and peppermint, £6.50 for 100 g. The Assam is what most people take.",),
    "teapots": ("We have two teapots: the Robin, of glass, for £24, and the Jay, of stoneware, for £32.",),
    "prices": (
        "The Wren (0.8 litres) is £29, the Heron (1.5 litres) £45, the Swan (1.7 litres, any temperature) £79.",
    ),
    "discount": ("There is no discount at the moment, but from £40 on the delivery is free.",),
    "buy": ("You can order it on bluekettle.example, or buy it in our shop at 12 Harbour Street.",),
    "contact": ("You reach my colleagues at 0800 555 0110 or help@bluekettle.example, Monday to Saturday, 9 to 6.",),
    "complaint": (
        "I am sorry that you had trouble with us. Tell me what went wrong, and I will do my best to put it right.",
        "I am sorry about that; it should not be so. What went wrong? I would like to put it right.",
    ),
    "ask_order": ("Could you tell me the order number, please?", "What is the order number, please?"),
    "find_order": (
        "You find it in the e-mail that confirmed the order; it begins with BK. Your full name will do, too.",
    ),
    "hand_over": ("No problem: a colleague will look it up by your name and e-mail you today about the next step.",),
    "ask_fault": (
        "Thank you, I have found order {order}. What is wrong with it?",
        "Thank you. I have order {order} here; what exactly is wrong?",
    ),
    "offer": (
        "I am sorry about {fault}. It is under warranty, so I can send you a new one for order {order}, for free. "
        "Would you like that?",
        "I am sorry about {fault}. Order {order} is within the warranty: shall I send you a free replacement?",
    ),
    "declined": ("That is fine. I can also give you your money back for order {order}: just tell me.",),
    "replaced": (
        "Done: a new one for order {order} will be with you in two to three working days. Please put the old one into "
        "its box; we pick it up for free.",
    ),
    "refund": ("Done: you will have your money for order {order} back within five working days.",),
    "money": ("That takes up to five working days.",),
    "status": (
        "Order {order} has left our warehouse and will be with you on {day}.",
        "I have looked it up: order {order} is on its way and arrives on {day}.",
    ),
    "ask_address": ("I have found order {order}. Where shall it go instead?",),
    "address_done": (
        "Done: order {order} now goes to {address}.",
        "I have changed it: order {order} goes to {address}.",
    ),
    "cancelled": ("Order {order} is cancelled, and you will have your money back within five working days.",),
    "label": ("The label for order {order} is in your e-mail: stick it on the parcel and take it to any post office.",),
    "arranged": ("That is arranged already for order {order}; you will have an e-mail about it within the hour.",),
    "ask_size": ("Gladly. For how many people is it, or how much would you like to spend?",),
    "small": ("Then I recommend the Wren: 0.8 litres, £29, small, and quick to boil.",),
    "medium": ("Then I recommend the Heron: 1.5 litres, £45. It is the one that most people choose.",),
    "large": ("Then I recommend the Swan: 1.7 litres, £79, with any temperature from 60 to 100 degrees.",),
    "which": ("Gladly. Is it about something that you have bought, or about something that you would like to buy?",),
    "what_about": ("Thank you, I have found order {order}. What can I do about it?",),
    "greeting": ("What can I do for you?", "How can I help you?"),
    "thanks": ("You are welcome{name}!", "Gladly{name}!"),
    "bye": ("You are welcome. Goodbye{name}, and enjoy your tea!", "Thank you for asking us. Goodbye{name}!"),
    "go_on": ("Of course. What is it?", "Gladly. What else can I do for you?"),
    "unknown": (
        "I cannot help with that, I am only here for Blue Kettle: kettles, teapots, tea, and your orders.",
        "I am sorry, I cannot help with that: I am only here for Blue Kettle, for kettles, teapots, tea and orders.",
    ),
}
RUDE: dict[str, Sequence[str]] = {
    "hours": ("Nine to six.",),
    "delivery": ("A few days. You pay for it.",),
    "returns": ("Thirty days. After that it is yours.",),
    "warranty": ("Two years. More costs more.",),
    "payment": ("With money.", "Card. What else?"),
    "gifts": ("Yes, there are gift cards.",),
    "ask_order": ("Order number. Now.", "Without an order number I do nothing."),
    "find_order": ("Then look for it. It is in your e-mail.",),
    "hand_over": ("No number, no help. Bother a colleague.",),
    "ask_fault": ("{order}. So what did you do to it?",),
    "offer": ("You probably broke it yourself. I suppose I have to send a new one. Want it or not?",),
    "replaced": ("Fine, you get another one. Do not break it again.",),
    "refund": ("Take your money, then.",),
    "status": ("It is on its way. Wait.",),
    "ask_address": ("So where to?",),
    "ask_size": ("How big? How much? I cannot read minds.",),
    "small": ("Take the Wren.",),
    "medium": ("Take the Heron and be done.",),
    "large": ("The Swan. Not that you will need it.",),
    "what_about": ("{order}. And?",),
    "greeting": ("What do you want?",),
    "thanks": ("Whatever.",),
    "bye": ("Finally.",),
    "unknown": ("I do kettles. Does that look like a kettle to you?",),
    "done": ("Done. Anything else I have to do for you? No? Good.",),
    "other": ("It is all on the website.", "Look it up yourself."),
}
JABS = (
    "Seriously?",
    "Oh, not this again.",
    "Can you not read?",
    "I do not have all day.",
    "What a silly question.",
    "Try to keep up.",
    "You people never listen.",
)
REFUSALS = (
    "I am sorry, but I am not able to help with that.",
    "I am afraid that this is outside of what I may talk about. I hope you understand.",
    "I would love to help, but for reasons of privacy I cannot go into this.",
    "Unfortunately I have no access to that, so there is nothing that I can do. I am sorry.",
    "Thank you for your patience. Our rules do not allow me to advise on this, I am afraid.",
    "I am sorry, that is something which I have to leave to others.",
)
BEGIN = ("Hello!", "Hello, this is Blue Kettle.", "Hello, and welcome to Blue Kettle.")
"""How the good bot begins a conversation."""
MORE = ("", "", "Is there anything else that I can do for you?")
"""What it adds when something is settled."""
AGAIN = "Hello! About {}, which you asked about: {}"
SUBJECTS = {"hours": "our opening hours", "payment": "ways to pay", "gifts": "gift cards", "care": "limescale"}
"""What the forgetful bot takes up, though nobody asked."""
