"""The neutral lines of a video, by beat and tone. They make no claims; all claims come from the brief.

A scenario's other wording (openings, asides, lead-ins) is in data/catalog/scenarios.toml.

A line is (need, role, template). Need is "must" or "may"; "may" lines are dropped when time is short. ``*stars*`` mark
the emphasised word. ``{slots}`` are filled from the brief, or with a placeholder in brackets if the field is empty.
"""

Line = tuple[str, str, str]

# By beat and tone: alternatives, each a list of lines. Templates such as {proofs} and {message} are filled from the
# brief. The hook and the call to action are written by ``Writer.hook`` and ``Writer.call``.
BEATS: dict[str, dict[str, tuple[tuple[Line, ...], ...]]] = {
    "problem": {
        "bold": (
            (
                ("must", "question", "You know the *workaround*."),
                ("may", "statement", "Everybody has *one*."),
                ("may", "echo", "It eats *time*."),
                ("may", "echo", "It eats *patience*."),
                ("may", "echo", "Every. Single. *Week.*"),
            ),
            (
                ("must", "question", "How many *steps* today?"),
                ("may", "question", "How many *workarounds*?"),
                ("may", "question", "Who has *time* for that?"),
                ("may", "echo", "Be *honest*."),
                ("may", "echo", "*Exactly.*"),
            ),
        ),
        "empathetic": (
            (
                ("must", "statement", "Some things ask *more* of us than they should."),
                ("may", "statement", "Quietly. A little, *every day*."),
            ),
            (
                ("must", "question", "You know the part of the day that *never quite works*."),
                ("may", "question", "How long have you been *making do*?"),
            ),
        ),
        "professional": (
            (
                ("must", "question", "Where does the *time* go today?"),
                ("may", "statement", "Into workarounds, handovers, *waiting*."),
                ("may", "question", "What is that *worth*?"),
            ),
            (
                ("must", "statement", "One step still takes *too long*."),
                ("may", "question", "Which one is it *for you*?"),
                ("may", "question", "And what would it be worth to *change* it?"),
            ),
        ),
    },
    "feature": {
        "bold": (
            (
                ("must", "name", "Meet *{product}*."),
                ("must", "statement", "{message}"),
                ("may", "echo", "*{product}.*"),
                ("may", "echo", "Made by {company}."),
            ),
        ),
        "empathetic": ((("must", "name", "This is *{product}*."), ("must", "statement", "{message}")),),
        "professional": ((("must", "name", "*{product}*"), ("must", "statement", "{message}")),),
    },
    "proof": {
        "bold": (
            (
                ("may", "echo", "Says *who*?"),
                ("must", "proof", "{proofs}"),
                ("may", "echo", "*That* is the point."),
                ("may", "echo", "Ask *us* anything."),
            ),
            (
                ("may", "echo", "*Proof?*"),
                ("must", "proof", "{proofs}"),
                ("may", "echo", "See for *yourself*."),
                ("may", "echo", "Ask us *anything*."),
            ),
        ),
        "empathetic": ((("must", "proof", "{proofs}"), ("may", "statement", "See how it feels *for you*.")),),
        "professional": (
            (("must", "proof", "{proofs}"), ("may", "statement", "Check it against *your own* figures.")),
        ),
    },
    "change": {
        "bold": (
            (
                ("must", "question", "And for *you*?"),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Picture your *Monday*."),
                ("may", "echo", "With *{product}*."),
                ("may", "echo", "*Your* call."),
            ),
            (
                ("must", "statement", "Now it is *your turn*."),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Your work. *{product}.*"),
                ("may", "echo", "See the *difference*."),
                ("may", "echo", "Then *decide*."),
            ),
        ),
        "empathetic": (
            (("must", "statement", "Picture *your own day* with it."), ("may", "statement", "At *your own* pace.")),
            (
                ("must", "question", "What would it change *for you*?"),
                ("may", "statement", "Take your *time* with it."),
            ),
        ),
        "professional": (
            (
                ("must", "statement", "Put it next to the way you work *today*."),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Then *compare*."),
            ),
            (
                ("must", "question", "What would change in *your* week?"),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Test it on *one* real case."),
            ),
        ),
    },
    "why_now": {
        "bold": (
            (
                ("must", "question", "Why *now*?"),
                ("may", "statement", "Because *later* means no."),
                ("may", "echo", "Some things *can’t wait*."),
                ("may", "echo", "This is *one*."),
                ("may", "echo", "So: *now*."),
            ),
        ),
        "empathetic": (
            (
                ("must", "statement", "Every company has a *reason* to begin."),
                ("may", "statement", "This is *ours*."),
            ),
        ),
        "professional": (
            (
                ("must", "question", "Why *now*?"),
                ("may", "statement", "It is the question every round has to *answer*."),
                ("may", "statement", "Here is *our* answer."),
            ),
        ),
    },
    "building": {
        "bold": (
            (
                ("must", "name", "We build *{product}*."),
                ("must", "statement", "{message}"),
                ("may", "echo", "That is the *whole* idea."),
                ("may", "echo", "*{product}.*"),
            ),
        ),
        "empathetic": ((("must", "name", "We are building *{product}*."), ("must", "statement", "{message}")),),
        "professional": ((("must", "name", "{company} builds *{product}*."), ("must", "statement", "{message}")),),
    },
    "news": {
        "bold": (
            (
                ("must", "echo", "The *news*:"),
                ("must", "news", "{news}"),
                ("may", "echo", "Read that *again*."),
                ("may", "echo", "*{company}.*"),
            ),
        ),
        "empathetic": ((("must", "news", "{news}"), ("may", "statement", "We do not take that *lightly*.")),),
        "professional": ((("must", "news", "{news}"), ("may", "statement", "That is the *announcement*.")),),
    },
    "next": {
        "bold": (
            (
                ("must", "question", "What’s *next*?"),
                ("may", "proof", "{spare}"),
                ("may", "echo", "Now the *work* begins."),
                ("may", "echo", "*Watch* us."),
                ("may", "echo", "Stay *close*."),
            ),
        ),
        "empathetic": ((("must", "statement", "Now the *real work* begins."), ("may", "proof", "{spare}")),),
        "professional": (
            (
                ("must", "question", "What comes *next*?"),
                ("may", "proof", "{spare}"),
                ("may", "statement", "The work *continues*."),
            ),
        ),
    },
    "pain": {"bold": ((),), "empathetic": ((),), "professional": ((),)},
    "hook": {"bold": ((),), "empathetic": ((),), "professional": ((),)},
    "cost": {
        "bold": (
            (
                ("must", "question", "What does it *cost* you?"),
                ("may", "echo", "In *hours*?"),
                ("may", "echo", "In *money*?"),
                ("may", "echo", "In *patience*?"),
            ),
            (
                ("must", "question", "*Add* it up."),
                ("may", "echo", "The *hours*."),
                ("may", "echo", "The *detours*."),
                ("may", "echo", "The *do-overs*."),
            ),
        ),
        "empathetic": (
            (("must", "question", "How much of *your day* does it take?"),),
            (("must", "statement", "It is not only the time. It is the *energy*, too."),),
        ),
        "professional": (
            (
                ("must", "question", "What does it cost *per week*?"),
                ("may", "statement", "In hours. In money. In *focus*."),
            ),
        ),
    },
    "turn": {
        "bold": ((("must", "echo", "*Enough.*"), ("may", "echo", "New *plan*.")), (("must", "echo", "*Stop.*"),)),
        "empathetic": ((("must", "statement", "There is *another* way."),),),
        "professional": ((("must", "statement", "There is an *alternative*."),),),
    },
    "solution": {
        "bold": (
            (
                ("must", "name", "Meet *{product}*."),
                ("must", "statement", "{message}"),
                ("may", "echo", "*{product}.*"),
                ("may", "echo", "By {company}."),
            ),
        ),
        "empathetic": ((("must", "name", "This is *{product}*."), ("must", "statement", "{message}")),),
        "professional": ((("must", "name", "*{product}*, by {company}"), ("must", "statement", "{message}")),),
    },
}

# The line before the call to action, for scenarios without their own. Shown if there is time.
LEAD_IN = {"bold": "*Ready?*", "empathetic": "Whenever *you* are ready.", "professional": "The next *step*:"}

PLACEHOLDERS = {
    "product": "[Product]",
    "message": "[Your one-line message]",
    "proof_points": "[Your strongest proof]",
    "news": "[Amount raised, and from whom]",
    "call_to_action": "[Your call to action]",
    "link": "[your link]",
}
